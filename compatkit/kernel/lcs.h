/* Longest common subsequences, 64 places at a time. */
#ifndef COMPATKIT_LCS_H
#define COMPATKIT_LCS_H

#include "memory.h"

/* Room that one comparison needs and the next uses again. All zero is an empty one. */
typedef struct {
    uint64_t *matches; /* of each token, its places in the block at hand; 0 between calls */
    size_t matches_room, tokens;
    uint64_t *levels; /* of each step, where the length does not grow */
    size_t levels_room;
    Numbers carries;
} Lcs;

/* Makes room for tokens below `tokens`. */
int lcs_reserve(Lcs *lcs, size_t tokens);

/* The length for two lists of tokens, or NO_MEMORY. */
int64_t lcs_length(Lcs *lcs, const uint32_t *first, size_t first_size, const uint32_t *second,
                   size_t second_size);

/*
 * Marks the tokens of a reference's line that lie on rouge-score's longest common subsequence with
 * a predicted line. Holds reference x (line / 64 + 1) numbers.
 */
int lcs_mark(Lcs *lcs, const uint32_t *reference, size_t size, const uint32_t *line, size_t line_size,
             unsigned char *marks);

void lcs_free(Lcs *lcs);

#endif
