#include "letters.h"

#include <stdlib.h>
#include <string.h>

/* The letters and digits that make words, in lower case; 0 for all else. */
static const unsigned char LETTERS[128] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7',
    ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f',
    ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n',
    ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v',
    ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
    ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
    ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* Eight letters are looked at together: whether they are any, and where the first of them is that is. */
static const uint64_t EVERY_TOP = 0x8080808080808080;

/* Eight letters as a part of a word, the first one lowest: on most machines one load. */
static inline uint64_t part_at(const unsigned char *bytes) {
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
           (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 |
           (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}

/* The top bit of each byte that is a letter: letters are ASCII, and have none of their own. */
static inline uint64_t tops_of(uint64_t part) {
    return (part + ~EVERY_TOP) & EVERY_TOP;
}

/* The first byte that has its top bit set; eight if none has. */
static inline size_t first_of(uint64_t tops) {
#if defined(__GNUC__)
    return tops ? (size_t)__builtin_ctzll(tops) / 8 : LETTERS_A_PART;
#else
    size_t byte = 0;
    while (byte < LETTERS_A_PART && !(tops >> 8 * byte & 0x80)) {
        byte++;
    }
    return byte;
#endif
}

static inline size_t letters_before_gap(uint64_t part) {
    return first_of(~tops_of(part) & EVERY_TOP);
}

static inline uint64_t first_letters(uint64_t part, size_t size) {
    return size < LETTERS_A_PART ? part & (((uint64_t)1 << 8 * size) - 1) : part;
}

/* Writes the letters of a text, and as many zeros behind as may be looked at beyond it. */
static int read_letters(Letters *letters, Text text) {
    if (reserve(&letters->bytes, &letters->room, text.size + LETTERS_A_PART, 1) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < text.size; i++) {
        letters->bytes[i] = text.points[i] < sizeof LETTERS ? LETTERS[text.points[i]] : 0;
    }
    memset(letters->bytes + text.size, 0, LETTERS_A_PART);
    return DONE;
}

/* Ends a line after so many words of the text, if it has any. */
static int end_line(Numbers *ends, size_t words) {
    const size_t before = ends->size ? ends->items[ends->size - 1] : 0;
    return words > before ? numbers_append(ends, (uint32_t)words) : DONE;
}

static int has_line_end(Text text, size_t start, size_t stop) {
    for (size_t i = start; i < stop && i < text.size; i++) {
        if (text.points[i] == '\n') {
            return 1;
        }
    }
    return 0;
}

int read_words(Letters *letters, Text text, Words *words, Numbers *ends) {
    uint64_t *parts;
    uint32_t *lengths;
    size_t at = 0;
    if (read_letters(letters, text) != DONE || words_reserve(words, text.size) != DONE) {
        return NO_MEMORY;
    }
    parts = words->parts;
    lengths = words->lengths.items;
    if (ends != NULL) {
        ends->size = 0;
    }
    while (at < text.size) {
        const size_t start = at, gap = first_of(tops_of(part_at(letters->bytes + at)));
        size_t size = LETTERS_A_PART;
        if (gap > 0) {
            at += gap;
            if (ends != NULL && has_line_end(text, start, at) &&
                end_line(ends, (size_t)(lengths - words->lengths.items)) != DONE) {
                return NO_MEMORY;
            }
            continue;
        }
        while (size == LETTERS_A_PART) {
            const uint64_t part = part_at(letters->bytes + at);
            size = letters_before_gap(part);
            *parts = first_letters(part, size);
            parts += size > 0;
            at += size;
        }
        *lengths++ = (uint32_t)(at - start);
    }
    words->size = (size_t)(parts - words->parts);
    words->lengths.size = (size_t)(lengths - words->lengths.items);
    return ends == NULL ? DONE : end_line(ends, words->lengths.size);
}

void letters_free(Letters *letters) {
    free(letters->bytes);
    memset(letters, 0, sizeof *letters);
}
