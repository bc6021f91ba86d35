/* A scorer counts, row by row, what the values of compatkit/scorers are made of. */
#ifndef COMPATKIT_SCORER_H
#define COMPATKIT_SCORER_H

#include "text.h"
#include "vocabulary.h"

/* The first count of a row that the kernel leaves to Python, as it would take too much of it. */
enum { NOT_COUNTED = -1 };

/*
 * What a row is counted by: `texts` holds the prediction and then its references, at least one;
 * `counts` takes as many numbers as the scorer has columns. Python's lock is not held.
 */
typedef int CountRow(void *scorer, const Text *texts, size_t size, int64_t *counts);

typedef struct {
    void *state;
    CountRow *count_row;
    void (*free_state)(void *state);
    size_t columns;
    int lowers; /* whether Python is to lower what is not ASCII */
} Scorer;

/* Each returns NO_MEMORY where there is none, and then leaves nothing to free. */
int rouge_scorer(Scorer *scorer, Seed seed, int order, int stems); /* order 0: L, -1: Lsum */
int bleu_scorer(Scorer *scorer, Seed seed);
int chrf_scorer(Scorer *scorer, Seed seed);
int ter_scorer(Scorer *scorer, Seed seed);

#endif
