#include "ngrams.h"

#include <stdlib.h>
#include <string.h>

/* An n-gram is known by the place of its first n - 1 tokens in the table before, and its last. */
static inline uint64_t key_of(uint32_t place, uint32_t token) {
    return ((uint64_t)place + 1) << 32 | token;
}

static inline size_t first_place(const Ngrams *ngrams, uint64_t key) {
    const uint64_t mixed = (key ^ key >> 29) * ngrams->seed.factor;
    return (size_t)(mixed >> (64 - ngrams->bits));
}

/* Makes an empty table with room for so many n-grams, at most half full. */
static int make_table(Ngrams *ngrams, size_t most) {
    size_t room = 16;
    unsigned bits = 4;
    while (room < 2 * most) {
        room *= 2;
        bits++;
    }
    if (room > ngrams->room) {
        free(ngrams->keys);
        free(ngrams->counts);
        free(ngrams->most);
        ngrams->keys = malloc(room * sizeof *ngrams->keys);
        ngrams->counts = malloc(room * sizeof *ngrams->counts);
        ngrams->most = malloc(room * sizeof *ngrams->most);
        ngrams->room = room;
        if (ngrams->keys == NULL || ngrams->counts == NULL || ngrams->most == NULL) {
            ngrams->room = 0;
            return NO_MEMORY;
        }
    }
    ngrams->bits = bits;
    memset(ngrams->keys, 0, room * sizeof *ngrams->keys);
    return DONE;
}

static inline uint32_t enter(Ngrams *ngrams, uint64_t key) {
    const size_t mask = ((size_t)1 << ngrams->bits) - 1;
    size_t at = first_place(ngrams, key);
    while (ngrams->keys[at] != key) {
        if (ngrams->keys[at] == 0) {
            ngrams->keys[at] = key;
            ngrams->counts[at] = ngrams->most[at] = 0;
            break;
        }
        at = (at + 1) & mask;
    }
    return (uint32_t)at;
}

/* Enters the n-grams of the references, whose first n - 1 tokens `places` has, and counts them. */
static void enter_references(Ngrams *ngrams, const Numbers *tokens, size_t lists, size_t n) {
    uint32_t *places = ngrams->places.items;
    for (size_t list = 1; list < lists; list++) {
        const uint32_t *last = tokens[list].items + n - 1;
        const size_t size = tokens[list].size < n ? 0 : tokens[list].size - n + 1;
        for (size_t i = 0; i < size; i++) {
            const uint32_t place = places[i] = enter(ngrams, key_of(places[i], last[i]));
            if (++ngrams->counts[place] > ngrams->most[place]) {
                ngrams->most[place] = ngrams->counts[place];
            }
        }
        for (size_t i = 0; i < size && lists > 2; i++) {
            ngrams->counts[places[i]] = 0;
        }
        places += tokens[list].size;
    }
}

/* Matches the text's n-grams; those that no reference has are given up, longer ones too. */
static int64_t match_text(Ngrams *ngrams, const Numbers *text, size_t n) {
    const size_t mask = ((size_t)1 << ngrams->bits) - 1;
    Numbers *starts = &ngrams->own_starts, *places = &ngrams->own_places;
    size_t kept = 0;
    int64_t matches = 0;
    for (size_t i = 0; i < starts->size && starts->items[i] + n <= text->size; i++) {
        const uint32_t start = starts->items[i];
        const uint64_t key = key_of(places->items[i], text->items[start + n - 1]);
        size_t at = first_place(ngrams, key);
        while (ngrams->keys[at] != key && ngrams->keys[at] != 0) {
            at = (at + 1) & mask;
        }
        if (ngrams->keys[at] == key) {
            matches += ngrams->most[at] > 0;
            ngrams->most[at] -= ngrams->most[at] > 0;
            starts->items[kept] = start;
            places->items[kept++] = (uint32_t)at;
        }
    }
    starts->size = kept;
    return matches;
}

int ngrams_shared(Ngrams *ngrams, const Numbers *tokens, size_t lists, size_t orders, int64_t *shared) {
    size_t referred = 0;
    for (size_t list = 1; list < lists; list++) {
        referred += tokens[list].size;
    }
    if (referred >= UINT32_MAX / 4 || tokens[0].size >= UINT32_MAX / 4 ||
        numbers_reserve(&ngrams->places, referred) != DONE ||
        numbers_reserve(&ngrams->own_places, tokens[0].size) != DONE ||
        numbers_reserve(&ngrams->own_starts, tokens[0].size) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < referred; i++) {
        ngrams->places.items[i] = 0;
    }
    for (size_t i = 0; i < tokens[0].size; i++) {
        ngrams->own_places.items[i] = 0;
        ngrams->own_starts.items[i] = (uint32_t)i;
    }
    ngrams->own_starts.size = tokens[0].size;
    for (size_t n = 1; n <= orders; n++) {
        shared[n - 1] = 0;
        if (ngrams->own_starts.size == 0 || referred == 0) {
            continue;
        }
        if (make_table(ngrams, referred) != DONE) {
            return NO_MEMORY;
        }
        enter_references(ngrams, tokens, lists, n);
        shared[n - 1] = match_text(ngrams, &tokens[0], n);
    }
    return DONE;
}

void ngrams_free(Ngrams *ngrams) {
    free(ngrams->keys);
    free(ngrams->counts);
    free(ngrams->most);
    numbers_free(&ngrams->places);
    numbers_free(&ngrams->own_places);
    numbers_free(&ngrams->own_starts);
    memset(ngrams, 0, sizeof *ngrams);
}
