/* ROUGE: tokens shared with a reference, as n-grams, as one subsequence, or line by line. */
#include "lcs.h"
#include "letters.h"
#include "ngrams.h"
#include "porter.h"
#include "scorer.h"

#include <stdlib.h>
#include <string.h>

enum { SHARED, PREDICTED, EXPECTED, COLUMNS };
enum { LONGEST_COMMON = 0, BY_LINES = -1 };
enum { STEMMED_FROM = 4 };

/* Beyond these a row by lines is Python's: pairs of lines, and numbers of 64 places to hold. */
enum { MOST_LINE_PAIRS = 1 << 20, MOST_LEVELS = 1 << 22 };

typedef struct {
    Vocabulary words, stems;
    Numbers stem_of; /* of each word the number of its stem */
    Letters letters;
    Words read, stem;
    Numbers stem_number;
    char *stemming; /* the letters of the word that is stemmed */
    size_t stemming_room;
    Ngrams ngrams;
    Lcs lcs;
    Numbers tokens[2], ends[2]; /* of prediction and reference; where their lines end */
    Numbers left;               /* how often the prediction still has a token */
    unsigned char *marks;
    size_t marks_room;
    int order, stemmed;
} Rouge;

/* Appends the number of a new word's stem to those of the words before it. */
static int stem_word(Rouge *rouge, const uint64_t *parts, size_t length) {
    Words *stem = &rouge->stem;
    if (words_reserve(stem, length) != DONE ||
        reserve(&rouge->stemming, &rouge->stemming_room, length, 1) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < length; i++) {
        rouge->stemming[i] = (char)(parts[i / LETTERS_A_PART] >> 8 * (i % LETTERS_A_PART));
    }
    length = length < STEMMED_FROM ? length : porter_stem(rouge->stemming, length);
    memset(stem->parts, 0, (length / LETTERS_A_PART + 1) * sizeof *stem->parts);
    for (size_t i = 0; i < length; i++) {
        stem->parts[i / LETTERS_A_PART] |= (uint64_t)(unsigned char)rouge->stemming[i]
                                           << 8 * (i % LETTERS_A_PART);
    }
    stem->size = (length + LETTERS_A_PART - 1) / LETTERS_A_PART;
    stem->lengths.items[0] = (uint32_t)length;
    stem->lengths.size = 1;
    if (vocabulary_numbers(&rouge->stems, stem, &rouge->stem_number) != DONE) {
        return NO_MEMORY;
    }
    return numbers_append(&rouge->stem_of, rouge->stem_number.items[0]);
}

/* Puts the numbers of stems in the places of those of words. */
static int stem_words(Rouge *rouge, Numbers *tokens) {
    const uint64_t *parts = rouge->read.parts;
    for (size_t i = 0; i < tokens->size; i++) {
        const size_t length = rouge->read.lengths.items[i];
        if (tokens->items[i] == rouge->stem_of.size && stem_word(rouge, parts, length) != DONE) {
            return NO_MEMORY;
        }
        tokens->items[i] = rouge->stem_of.items[tokens->items[i]];
        parts += (length + LETTERS_A_PART - 1) / LETTERS_A_PART;
    }
    return DONE;
}

static int read_tokens(Rouge *rouge, Text text, Numbers *tokens, Numbers *ends) {
    if (read_words(&rouge->letters, text, &rouge->read, rouge->order == BY_LINES ? ends : NULL) != DONE ||
        vocabulary_numbers(&rouge->words, &rouge->read, tokens) != DONE) {
        return NO_MEMORY;
    }
    return rouge->stemmed ? stem_words(rouge, tokens) : DONE;
}

static size_t start_of(const Numbers *ends, size_t line) {
    return line ? ends->items[line - 1] : 0;
}

static size_t longest_line(const Numbers *ends) {
    size_t longest = 0;
    for (size_t line = 0; line < ends->size; line++) {
        const size_t size = ends->items[line] - start_of(ends, line);
        longest = size > longest ? size : longest;
    }
    return longest;
}

/* Marks the reference's tokens that lie on a subsequence of their line and any predicted one. */
static int mark_union(Rouge *rouge) {
    const Numbers *own = &rouge->ends[0], *others = &rouge->ends[1];
    for (size_t line = 0; line < own->size; line++) {
        const size_t start = start_of(own, line), size = own->items[line] - start;
        for (size_t other = 0; other < others->size; other++) {
            const size_t first = start_of(others, other);
            if (lcs_mark(&rouge->lcs, rouge->tokens[1].items + first, others->items[other] - first,
                         rouge->tokens[0].items + start, size, rouge->marks + first) != DONE) {
                return NO_MEMORY;
            }
        }
    }
    return DONE;
}

/* The tokens marked, each at most as often as the prediction has it. */
static int64_t count_marked(Rouge *rouge, size_t tokens) {
    const Numbers *predicted = &rouge->tokens[0], *expected = &rouge->tokens[1];
    int64_t shared = 0;
    if (numbers_reserve(&rouge->left, tokens) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < expected->size; i++) {
        rouge->left.items[expected->items[i]] = 0;
    }
    for (size_t i = 0; i < predicted->size; i++) {
        rouge->left.items[predicted->items[i]] = 0;
    }
    for (size_t i = 0; i < predicted->size; i++) {
        rouge->left.items[predicted->items[i]]++;
    }
    for (size_t i = 0; i < expected->size; i++) {
        if (rouge->marks[i] && rouge->left.items[expected->items[i]] > 0) {
            rouge->left.items[expected->items[i]]--;
            shared++;
        }
    }
    return shared;
}

static int count_by_lines(Rouge *rouge, size_t tokens, int64_t *shared) {
    const size_t pairs = rouge->ends[0].size * rouge->ends[1].size;
    const size_t levels = (longest_line(&rouge->ends[1]) + 1) * (longest_line(&rouge->ends[0]) / 64 + 1);
    if (pairs > MOST_LINE_PAIRS || levels > MOST_LEVELS) {
        *shared = NOT_COUNTED;
        return DONE;
    }
    if (reserve(&rouge->marks, &rouge->marks_room, rouge->tokens[1].size + 1, 1) != DONE) {
        return NO_MEMORY;
    }
    memset(rouge->marks, 0, rouge->tokens[1].size);
    if (mark_union(rouge) != DONE || (*shared = count_marked(rouge, tokens)) < 0) {
        return NO_MEMORY;
    }
    return DONE;
}

static int count_common(Rouge *rouge, size_t tokens, int64_t *shared) {
    const Numbers *predicted = &rouge->tokens[0], *expected = &rouge->tokens[1];
    if (lcs_reserve(&rouge->lcs, tokens) != DONE) {
        return NO_MEMORY;
    }
    /* Line against line the subsequence is common: neither side can run out of a token. */
    if (rouge->order == BY_LINES && (rouge->ends[0].size > 1 || rouge->ends[1].size > 1)) {
        return count_by_lines(rouge, tokens, shared);
    }
    *shared = lcs_length(&rouge->lcs, predicted->items, predicted->size, expected->items, expected->size);
    return *shared < 0 ? NO_MEMORY : DONE;
}

static int count_ngrams(Rouge *rouge, int64_t *counts) {
    const size_t order = (size_t)rouge->order;
    int64_t shared[MOST_ORDERS];
    if (ngrams_shared(&rouge->ngrams, rouge->tokens, 2, order, shared) != DONE) {
        return NO_MEMORY;
    }
    counts[SHARED] = shared[order - 1];
    for (size_t side = 0; side < 2; side++) {
        const size_t size = rouge->tokens[side].size;
        counts[PREDICTED + side] = size < order ? 0 : (int64_t)(size - order + 1);
    }
    return DONE;
}

static int count_row(void *scorer, const Text *texts, size_t size, int64_t *counts) {
    Rouge *rouge = scorer;
    (void)size;
    if (vocabulary_is_full(&rouge->words)) {
        vocabulary_forget(&rouge->words);
        vocabulary_forget(&rouge->stems);
        rouge->stem_of.size = 0;
    }
    for (size_t side = 0; side < 2; side++) {
        if (read_tokens(rouge, texts[side], &rouge->tokens[side], &rouge->ends[side]) != DONE) {
            return NO_MEMORY;
        }
        counts[PREDICTED + side] = (int64_t)rouge->tokens[side].size;
    }
    if (rouge->order > 0) {
        return count_ngrams(rouge, counts);
    }
    return count_common(rouge, rouge->stemmed ? rouge->stems.words : rouge->words.words, &counts[SHARED]);
}

static void free_rouge(void *scorer) {
    Rouge *rouge = scorer;
    vocabulary_free(&rouge->words);
    vocabulary_free(&rouge->stems);
    ngrams_free(&rouge->ngrams);
    lcs_free(&rouge->lcs);
    for (size_t side = 0; side < 2; side++) {
        numbers_free(&rouge->tokens[side]);
        numbers_free(&rouge->ends[side]);
    }
    numbers_free(&rouge->left);
    numbers_free(&rouge->stem_of);
    numbers_free(&rouge->stem_number);
    words_free(&rouge->read);
    words_free(&rouge->stem);
    letters_free(&rouge->letters);
    free(rouge->stemming);
    free(rouge->marks);
    free(rouge);
}

int rouge_scorer(Scorer *scorer, Seed seed, int order, int stems) {
    Rouge *rouge = calloc(1, sizeof *rouge);
    if (rouge == NULL) {
        return NO_MEMORY;
    }
    rouge->words.seed = rouge->stems.seed = rouge->ngrams.seed = seed;
    rouge->words.letters_shift = rouge->stems.letters_shift = LETTERS_SHIFT;
    rouge->order = order;
    rouge->stemmed = stems;
    *scorer = (Scorer){rouge, count_row, free_rouge, COLUMNS, 1};
    return DONE;
}
