/* N-grams that a text shares with its references. */
#ifndef COMPATKIT_NGRAMS_H
#define COMPATKIT_NGRAMS_H

#include "memory.h"
#include "vocabulary.h"

enum { MOST_ORDERS = 9 };

/* A hash table of the n-grams of one order, emptied for the next. */
typedef struct {
    Seed seed;
    uint64_t *keys;   /* which n-gram; 0 for none */
    uint32_t *counts; /* in the reference at hand */
    uint32_t *most;   /* in any one reference */
    size_t room;      /* a power of 2, and the ones in use */
    unsigned bits;
    Numbers places;     /* of each token's n-gram, in all references */
    Numbers own_places; /* and in the text, where a reference has it */
    Numbers own_starts;
} Ngrams;

/*
 * Counts for every order the n-grams of a text that a reference has, each at most as often as in
 * the reference that has it most. The first of the token lists is the text.
 */
int ngrams_shared(Ngrams *ngrams, const Numbers *tokens, size_t lists, size_t orders, int64_t *shared);

void ngrams_free(Ngrams *ngrams);

#endif
