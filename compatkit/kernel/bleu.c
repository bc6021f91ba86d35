/* BLEU: n-grams of tokens that a text shares with its references. Tokens are those of 13a. */
#include "ngrams.h"
#include "scorer.h"
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

enum { PREDICTED, NEAREST, MATCHES, ORDERS = 4, COLUMNS = MATCHES + ORDERS };

/* Characters that one becomes at most: a pass puts two spaces beside it, and there are four. */
enum { PASSES = 4, MOST_GROWTH = 1 + 2 * PASSES };

typedef struct {
    Vocabulary vocabulary;
    Words words;
    Ngrams ngrams;
    Numbers *tokens; /* a list for each text of a row */
    size_t tokens_size, tokens_room;
    Numbers line, word, passed;
} Bleu;

/* Replaces every occurrence of a text by a shorter one, from the left. Returns the size left. */
static size_t replace(uint32_t *line, size_t size, const char *text, const char *by) {
    const size_t length = strlen(text), by_length = strlen(by);
    size_t kept = 0;
    for (size_t i = 0; i < size;) {
        size_t same = 0;
        while (same < length && i + same < size && line[i + same] == (unsigned char)text[same]) {
            same++;
        }
        if (same < length) {
            line[kept++] = line[i++];
            continue;
        }
        for (size_t j = 0; j < by_length; j++) {
            line[kept++] = (unsigned char)by[j];
        }
        i += length;
    }
    return kept;
}

static int holds(const Numbers *line, uint32_t point) {
    for (size_t i = 0; i < line->size; i++) {
        if (line->items[i] == point) {
            return 1;
        }
    }
    return 0;
}

/* What 13a does with a line before its regular expressions. */
static void unescape(Numbers *line) {
    if (holds(line, '<')) {
        line->size = replace(line->items, line->size, "<skipped>", "");
    }
    if (holds(line, '\n')) {
        line->size = replace(line->items, line->size, "-\n", "");
        line->size = replace(line->items, line->size, "\n", " ");
    }
    if (holds(line, '&')) {
        line->size = replace(line->items, line->size, "&quot;", "\"");
        line->size = replace(line->items, line->size, "&amp;", "&");
        line->size = replace(line->items, line->size, "&lt;", "<");
        line->size = replace(line->items, line->size, "&gt;", ">");
    }
}

/* [\{-\~\[-\` -\&\(-\+\:-\@\/], of which the space is white anyway */
static inline int is_symbol(uint32_t point) {
    return (point >= '{' && point <= '~') || (point >= '[' && point <= '`') ||
           (point >= ' ' && point <= '&') || (point >= '(' && point <= '+') ||
           (point >= ':' && point <= '@') || point == '/';
}

static inline int is_mark(uint32_t point) {
    return point == '.' || point == ',';
}

/* The regular expressions of 13a, one after the other: `([^0-9])([\.,])` to `\1 \2 `, and so on. */
static size_t set_symbols_apart(const uint32_t *from, size_t size, uint32_t *to) {
    uint32_t *end = to;
    for (size_t i = 0; i < size; i++) {
        const int apart = is_symbol(from[i]);
        *end = ' ';
        end += apart;
        *end++ = from[i];
        *end = ' ';
        end += apart;
    }
    return (size_t)(end - to);
}

static size_t set_marks_apart_after(const uint32_t *from, size_t size, uint32_t *to) {
    uint32_t *end = to;
    for (size_t i = 0; i < size; i++) {
        *end++ = from[i];
        if (!is_digit(from[i]) && i + 1 < size && is_mark(from[i + 1])) {
            *end++ = ' ';
            *end++ = from[++i];
            *end++ = ' ';
        }
    }
    return (size_t)(end - to);
}

static size_t set_marks_apart_before(const uint32_t *from, size_t size, uint32_t *to) {
    uint32_t *end = to;
    for (size_t i = 0; i < size; i++) {
        if (is_mark(from[i]) && i + 1 < size && !is_digit(from[i + 1])) {
            *end++ = ' ';
            *end++ = from[i++];
            *end++ = ' ';
        }
        *end++ = from[i];
    }
    return (size_t)(end - to);
}

static size_t set_dashes_apart(const uint32_t *from, size_t size, uint32_t *to) {
    uint32_t *end = to;
    for (size_t i = 0; i < size; i++) {
        *end++ = from[i];
        if (is_digit(from[i]) && i + 1 < size && from[i + 1] == '-') {
            *end++ = ' ';
            *end++ = from[++i];
            *end++ = ' ';
        }
    }
    return (size_t)(end - to);
}

/* Splits a word that has more than letters; there is room. */
static void split_word(Bleu *bleu, const uint32_t *points, size_t size) {
    uint32_t *word = bleu->word.items, *passed = bleu->passed.items;
    word[0] = word[size + 1] = ' ';
    memcpy(word + 1, points, size * sizeof *points);
    size = set_symbols_apart(word, size + 2, passed);
    size = set_marks_apart_after(passed, size, word);
    size = set_marks_apart_before(word, size, passed);
    size = set_dashes_apart(passed, size, word);
    tokens_split(&bleu->words, word, size);
}

/*
 * Splits a line word by word: compatkit/scorers/bleu_columns.py says why that is the same. A word
 * of letters, digits and what is not ASCII is one token.
 */
static void split_line(Bleu *bleu) {
    const uint32_t *points = bleu->line.items;
    const size_t size = bleu->line.size;
    size_t start = 0;
    int plain = 1;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && !is_space(points[i])) {
            plain &= !is_symbol(points[i]) && !is_mark(points[i]) && points[i] != '-';
            continue;
        }
        if (i > start && plain) {
            tokens_split(&bleu->words, points + start, i - start);
        } else if (i > start) {
            split_word(bleu, points + start, i - start);
        }
        start = i + 1;
        plain = 1;
    }
}

static int read_tokens(Bleu *bleu, Text text, Numbers *tokens) {
    while (text.size > 0 && is_space(text.points[text.size - 1])) {
        text.size--;
    }
    if (numbers_reserve(&bleu->line, text.size + 1) != DONE ||
        numbers_reserve(&bleu->word, MOST_GROWTH * (text.size + 2)) != DONE ||
        numbers_reserve(&bleu->passed, MOST_GROWTH * (text.size + 2)) != DONE ||
        tokens_begin(&bleu->words, text.size) != DONE) {
        return NO_MEMORY;
    }
    memcpy(bleu->line.items, text.points, text.size * sizeof *text.points);
    bleu->line.size = text.size;
    unescape(&bleu->line);
    split_line(bleu);
    return vocabulary_numbers(&bleu->vocabulary, &bleu->words, tokens);
}

/* The length of the reference that is nearest to the prediction's, the shorter of two as near. */
static int64_t nearest_length(const Numbers *tokens, size_t size) {
    const int64_t own = (int64_t)tokens[0].size;
    int64_t nearest = (int64_t)tokens[1].size;
    for (size_t i = 2; i < size; i++) {
        const int64_t length = (int64_t)tokens[i].size;
        const int64_t farther = llabs(length - own) - llabs(nearest - own);
        if (farther < 0 || (farther == 0 && length < nearest)) {
            nearest = length;
        }
    }
    return nearest;
}

static int count_row(void *scorer, const Text *texts, size_t size, int64_t *counts) {
    Bleu *bleu = scorer;
    if (vocabulary_is_full(&bleu->vocabulary)) {
        vocabulary_forget(&bleu->vocabulary);
    }
    if (reserve(&bleu->tokens, &bleu->tokens_room, size, sizeof *bleu->tokens) != DONE) {
        return NO_MEMORY;
    }
    for (; bleu->tokens_size < size; bleu->tokens_size++) {
        bleu->tokens[bleu->tokens_size] = (Numbers){0};
    }
    for (size_t i = 0; i < size; i++) {
        if (read_tokens(bleu, texts[i], &bleu->tokens[i]) != DONE) {
            return NO_MEMORY;
        }
    }
    counts[PREDICTED] = (int64_t)bleu->tokens[0].size;
    counts[NEAREST] = nearest_length(bleu->tokens, size);
    return ngrams_shared(&bleu->ngrams, bleu->tokens, size, ORDERS, counts + MATCHES);
}

static void free_bleu(void *scorer) {
    Bleu *bleu = scorer;
    for (size_t i = 0; i < bleu->tokens_size; i++) {
        numbers_free(&bleu->tokens[i]);
    }
    free(bleu->tokens);
    vocabulary_free(&bleu->vocabulary);
    words_free(&bleu->words);
    ngrams_free(&bleu->ngrams);
    numbers_free(&bleu->line);
    numbers_free(&bleu->word);
    numbers_free(&bleu->passed);
    free(bleu);
}

int bleu_scorer(Scorer *scorer, Seed seed) {
    Bleu *bleu = calloc(1, sizeof *bleu);
    if (bleu == NULL) {
        return NO_MEMORY;
    }
    bleu->vocabulary.seed = bleu->ngrams.seed = seed;
    bleu->vocabulary.letters_shift = POINTS_SHIFT;
    *scorer = (Scorer){bleu, count_row, free_bleu, COLUMNS, 0};
    return DONE;
}
