#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 10, MOST_WORDS = 1 << 17, MOST_CELLS = 1 << 21 };

/* The words of a text are looked up in three rounds, so that memory is waited for only once. */
static inline void fetch(const void *place) {
#if defined(__GNUC__)
    __builtin_prefetch(place);
#else
    (void)place;
#endif
}

int words_reserve(Words *words, size_t letters) {
    /* A word has a part of its own, and no two words stand without a letter between them. */
    if (reserve(&words->parts, &words->room, letters + 1, sizeof *words->parts) != DONE ||
        numbers_reserve(&words->lengths, letters + 1) != DONE) {
        return NO_MEMORY;
    }
    return numbers_reserve(&words->hashes, letters + 1);
}

void words_free(Words *words) {
    free(words->parts);
    numbers_free(&words->lengths);
    numbers_free(&words->hashes);
    memset(words, 0, sizeof *words);
}

static inline size_t parts_of(const Vocabulary *vocabulary, size_t length) {
    return (length + ((size_t)1 << vocabulary->letters_shift) - 1) >> vocabulary->letters_shift;
}

static inline uint32_t hash_of(const Seed *seed, const uint64_t *parts, size_t size) {
    uint64_t hash = seed->start;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ parts[i]) * seed->factor;
        hash ^= hash >> 32;
    }
    return (uint32_t)((hash * seed->factor) >> 32);
}

static inline int is_word(const Cell *head, size_t length, const uint64_t *parts, size_t size) {
    if (head->head.length != length) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (head[i + 1].part != parts[i]) {
            return 0;
        }
    }
    return 1;
}

/* Makes slots for so many words, at most half of them used. */
static int widen(Vocabulary *vocabulary, size_t words) {
    size_t size = vocabulary->slots_size ? vocabulary->slots_size : FIRST_SLOTS;
    Slot *slots;
    while (size < 2 * words) {
        size *= 2;
    }
    if (size == vocabulary->slots_size) {
        return DONE;
    }
    slots = calloc(size, sizeof *slots);
    if (slots == NULL) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < vocabulary->slots_size; i++) {
        size_t at = vocabulary->slots[i].hash & (size - 1);
        if (vocabulary->slots[i].place) {
            while (slots[at].place) {
                at = (at + 1) & (size - 1);
            }
            slots[at] = vocabulary->slots[i];
        }
    }
    free(vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->slots_size = size;
    return DONE;
}

/* Appends a word; returns its number. There is room. */
static uint32_t take_in(Vocabulary *vocabulary, size_t length, const uint64_t *parts, size_t size) {
    Cell *head = vocabulary->cells + vocabulary->cells_size;
    head->head.length = (uint32_t)length;
    head->head.number = (uint32_t)vocabulary->words++;
    for (size_t i = 0; i < size; i++) {
        head[i + 1].part = parts[i];
    }
    vocabulary->cells_size += size + 1;
    return head->head.number;
}

static uint32_t number_of(Vocabulary *vocabulary, uint32_t hash, size_t length, const uint64_t *parts,
                          size_t size) {
    const size_t mask = vocabulary->slots_size - 1;
    size_t at = hash & mask;
    for (; vocabulary->slots[at].place; at = (at + 1) & mask) {
        const Cell *head = vocabulary->cells + vocabulary->slots[at].place - 1;
        if (vocabulary->slots[at].hash == hash && is_word(head, length, parts, size)) {
            return head->head.number;
        }
    }
    vocabulary->slots[at] = (Slot){hash, (uint32_t)vocabulary->cells_size + 1};
    return take_in(vocabulary, length, parts, size);
}

int vocabulary_numbers(Vocabulary *vocabulary, Words *words, Numbers *numbers) {
    const size_t size = words->lengths.size, cells = vocabulary->cells_size + words->size + size;
    const uint64_t *parts = words->parts;
    if (cells >= UINT32_MAX || widen(vocabulary, vocabulary->words + size) != DONE ||
        reserve(&vocabulary->cells, &vocabulary->cells_room, cells, sizeof *vocabulary->cells) != DONE ||
        numbers_reserve(numbers, size + 1) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < size; i++) {
        const size_t count = parts_of(vocabulary, words->lengths.items[i]);
        words->hashes.items[i] = hash_of(&vocabulary->seed, parts, count);
        fetch(&vocabulary->slots[words->hashes.items[i] & (vocabulary->slots_size - 1)]);
        parts += count;
    }
    for (size_t i = 0; i < size; i++) {
        const size_t at = words->hashes.items[i] & (vocabulary->slots_size - 1);
        fetch(vocabulary->cells + vocabulary->slots[at].place);
    }
    parts = words->parts;
    for (size_t i = 0; i < size; i++) {
        const size_t length = words->lengths.items[i], count = parts_of(vocabulary, length);
        numbers->items[i] = number_of(vocabulary, words->hashes.items[i], length, parts, count);
        parts += count;
    }
    numbers->size = size;
    return DONE;
}

int vocabulary_is_full(const Vocabulary *vocabulary) {
    return vocabulary->words > MOST_WORDS || vocabulary->cells_size > MOST_CELLS;
}

void vocabulary_forget(Vocabulary *vocabulary) {
    vocabulary->words = vocabulary->cells_size = 0;
    if (vocabulary->slots != NULL) {
        memset(vocabulary->slots, 0, vocabulary->slots_size * sizeof *vocabulary->slots);
    }
}

void vocabulary_free(Vocabulary *vocabulary) {
    free(vocabulary->slots);
    free(vocabulary->cells);
    memset(vocabulary, 0, sizeof *vocabulary);
}
