/* Words and the numbers that stand for them, in a hash table with a random seed. */
#ifndef COMPATKIT_VOCABULARY_H
#define COMPATKIT_VOCABULARY_H

#include "memory.h"

/* Two random numbers, drawn once a process: what collides can't be known from outside. */
typedef struct {
    uint64_t start, factor;
} Seed;

/* How many letters fill a part, as powers of 2: words are counted in parts all the time. */
enum { LETTERS_SHIFT = 3, LETTERS_A_PART = 1 << LETTERS_SHIFT, POINTS_SHIFT = 1, POINTS_A_PART = 1 << POINTS_SHIFT };

/*
 * The words of one text. A word is packed into parts, its first letter lowest, the last part filled
 * up with zeros: eight letters of one byte or two code points to a part.
 */
typedef struct {
    uint64_t *parts;
    size_t size, room;
    Numbers lengths, hashes; /* a word each; letters or code points */
} Words;

/* Where a word's head is, and 1; 0 for an empty slot. */
typedef struct {
    uint32_t hash, place;
} Slot;

/* A word that was met is a head and the parts that follow it. */
typedef union {
    struct {
        uint32_t length, number;
    } head;
    uint64_t part;
} Cell;

typedef struct {
    Seed seed;
    unsigned letters_shift; /* LETTERS_SHIFT or POINTS_SHIFT */
    Slot *slots;
    size_t slots_size; /* a power of 2 */
    Cell *cells;
    size_t cells_size, cells_room;
    size_t words;
} Vocabulary;

/* Makes room for words that have so many letters together. */
int words_reserve(Words *words, size_t letters);
void words_free(Words *words);

/* Gives the number of each word: how many other words were met before it for the first time. */
int vocabulary_numbers(Vocabulary *vocabulary, Words *words, Numbers *numbers);

/* Whether the words are so many that they should be forgotten before the next row. */
int vocabulary_is_full(const Vocabulary *vocabulary);

/* Forgets all words: numbers given before mean nothing afterwards. */
void vocabulary_forget(Vocabulary *vocabulary);

void vocabulary_free(Vocabulary *vocabulary);

#endif
