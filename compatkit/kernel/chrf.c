/* chrF: n-grams of characters that a text shares with one reference, white space left out. */
#include "ngrams.h"
#include "scorer.h"

#include <stdlib.h>

enum { PREDICTED, EXPECTED, MATCHES, ORDERS = 6, COLUMNS = MATCHES + ORDERS };

typedef struct {
    Ngrams ngrams;
    Numbers characters[2];
} Chrf;

static int read_characters(Text text, Numbers *characters) {
    characters->size = 0;
    if (numbers_reserve(characters, text.size + 1) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < text.size; i++) {
        characters->items[characters->size] = text.points[i];
        characters->size += !is_space(text.points[i]);
    }
    return DONE;
}

static int count_row(void *scorer, const Text *texts, size_t size, int64_t *counts) {
    Chrf *chrf = scorer;
    (void)size;
    for (size_t side = 0; side < 2; side++) {
        if (read_characters(texts[side], &chrf->characters[side]) != DONE) {
            return NO_MEMORY;
        }
        counts[PREDICTED + side] = (int64_t)chrf->characters[side].size;
    }
    return ngrams_shared(&chrf->ngrams, chrf->characters, 2, ORDERS, counts + MATCHES);
}

static void free_chrf(void *scorer) {
    Chrf *chrf = scorer;
    ngrams_free(&chrf->ngrams);
    numbers_free(&chrf->characters[0]);
    numbers_free(&chrf->characters[1]);
    free(chrf);
}

int chrf_scorer(Scorer *scorer, Seed seed) {
    Chrf *chrf = calloc(1, sizeof *chrf);
    if (chrf == NULL) {
        return NO_MEMORY;
    }
    chrf->ngrams.seed = seed;
    *scorer = (Scorer){chrf, count_row, free_chrf, COLUMNS, 0};
    return DONE;
}
