/*
 * Source: H. Hyyro, "Bit-Parallel LCS-length Computation Revisited" (2004). A bit of a level is set
 * where the length up to that place is the length up to the place before.
 */
#include "lcs.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 64 };

static inline int ones_of(uint64_t bits) {
#if defined(__GNUC__)
    return __builtin_popcountll(bits);
#else
    int ones = 0;
    for (; bits; bits &= bits - 1) {
        ones++;
    }
    return ones;
#endif
}

int lcs_reserve(Lcs *lcs, size_t tokens) {
    if (reserve(&lcs->matches, &lcs->matches_room, tokens, sizeof *lcs->matches) != DONE) {
        return NO_MEMORY;
    }
    if (tokens > lcs->tokens) {
        memset(lcs->matches + lcs->tokens, 0, (tokens - lcs->tokens) * sizeof *lcs->matches);
        lcs->tokens = tokens;
    }
    return DONE;
}

/* Sets or clears the places of at most 64 tokens. */
static void set_places(Lcs *lcs, const uint32_t *tokens, size_t size) {
    for (size_t i = 0; i < size; i++) {
        lcs->matches[tokens[i]] |= (uint64_t)1 << i;
    }
}

static void clear_places(Lcs *lcs, const uint32_t *tokens, size_t size) {
    for (size_t i = 0; i < size; i++) {
        lcs->matches[tokens[i]] = 0;
    }
}

/* The level after one more token; `carry` comes from the places before and goes to those after. */
static inline uint64_t next_level(uint64_t level, uint64_t match, uint32_t *carry) {
    const uint64_t hit = level & match, sum = level + hit, carried = sum + *carry;
    *carry = (sum < level) | (carried < sum);
    return carried | (level - hit);
}

static inline size_t block_size(size_t size, size_t start) {
    return size - start < PLACES ? size - start : PLACES;
}

static inline uint64_t first_places(size_t size) {
    return size < PLACES ? ((uint64_t)1 << size) - 1 : UINT64_MAX;
}

int64_t lcs_length(Lcs *lcs, const uint32_t *first, size_t first_size, const uint32_t *second,
                   size_t second_size) {
    int64_t length = 0;
    if (numbers_reserve(&lcs->carries, second_size + 1) != DONE) {
        return NO_MEMORY;
    }
    memset(lcs->carries.items, 0, second_size * sizeof *lcs->carries.items);
    for (size_t start = 0; start < first_size; start += PLACES) {
        const size_t size = block_size(first_size, start);
        uint64_t level = UINT64_MAX;
        set_places(lcs, first + start, size);
        for (size_t i = 0; i < second_size; i++) {
            level = next_level(level, lcs->matches[second[i]], &lcs->carries.items[i]);
        }
        clear_places(lcs, first + start, size);
        length += ones_of(~level & first_places(size));
    }
    return length;
}

/* Fills the levels: row i of `words` numbers is the level after i tokens of the reference. */
static void fill_levels(Lcs *lcs, const uint32_t *reference, size_t size, const uint32_t *line,
                        size_t line_size, size_t words) {
    memset(lcs->carries.items, 0, size * sizeof *lcs->carries.items);
    for (size_t word = 0; word < words; word++) {
        const uint32_t *block = line + word * PLACES;
        const size_t places = block_size(line_size, word * PLACES);
        uint64_t *level = lcs->levels + word;
        set_places(lcs, block, places);
        *level = UINT64_MAX;
        for (size_t i = 0; i < size; i++, level += words) {
            level[words] = next_level(*level, lcs->matches[reference[i]], &lcs->carries.items[i]);
        }
        clear_places(lcs, block, places);
    }
}

/* The length for the first places of a level. */
static int64_t length_up_to(const uint64_t *level, size_t places) {
    int64_t length = 0;
    for (; places >= PLACES; places -= PLACES) {
        length += ones_of(~*level++);
    }
    return places ? length + ones_of(~*level & first_places(places)) : length;
}

int lcs_mark(Lcs *lcs, const uint32_t *reference, size_t size, const uint32_t *line, size_t line_size,
             unsigned char *marks) {
    const size_t words = (line_size + PLACES - 1) / PLACES;
    size_t i = size, j = line_size;
    int64_t length;
    if (size == 0 || line_size == 0) {
        return DONE;
    }
    if (numbers_reserve(&lcs->carries, size) != DONE ||
        reserve(&lcs->levels, &lcs->levels_room, (size + 1) * words, sizeof *lcs->levels) != DONE) {
        return NO_MEMORY;
    }
    fill_levels(lcs, reference, size, line, line_size, words);
    length = length_up_to(lcs->levels + size * words, line_size);
    /* Back from both ends as rouge-score goes, as long as there is a match to come. */
    while (length > 0) {
        if (reference[i - 1] == line[j - 1]) {
            marks[--i] = 1;
            j--;
            length--;
        } else if (length_up_to(lcs->levels + (i - 1) * words, j) < length) {
            j--;
        } else {
            i--;
        }
    }
    return DONE;
}

void lcs_free(Lcs *lcs) {
    free(lcs->matches);
    free(lcs->levels);
    numbers_free(&lcs->carries);
    memset(lcs, 0, sizeof *lcs);
}
