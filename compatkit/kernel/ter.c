/*
 * TER: the fewest edits from a text to a reference, where moving a run of words is one edit. The
 * search is sacrebleu's to the last choice (its lib_ter.py, after Tercom): a beam around the
 * diagonal, shifts of at most ten words, the best one first, until none helps.
 *
 * Source: Snover et al. 2006, a study of translation edit rate; sacrebleu 2.6.
 */
#include "memory.h"
#include "scorer.h"
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

enum { EDITS, EXPECTED, COLUMNS };
enum { MOST_SHIFTED = 10, MOST_DISTANCE = 50, BEAM = 25, MOST_CANDIDATES = 1000 };

/* Beyond so many cells a row is Python's: each candidate looks at all of them. */
enum { MOST_CELLS = 1 << 20 };

enum { UNREACHED = 1 << 29 };                            /* the cost of a cell outside the beam */
typedef enum { NONE, KEEP, REPLACE, DROP, INSERT } Edit; /* of the text's words, towards the reference */

/* A row of the table of edit distances: cells from `low` to before `high`, with one before it. */
typedef struct {
    size_t low, high, at; /* where the cell `low` is in the costs */
} Row;

typedef struct {
    Vocabulary vocabulary;
    Words words;
    Numbers line; /* the characters of a text in lower case */
    Numbers prediction, reference;
    Numbers text, shifted, best; /* the prediction after some shifts, after one more, the best one */
    Row *rows;
    size_t rows_room;
    Numbers costs, trial; /* of the text as it is, and of one shift */
    unsigned char *edits;
    size_t edits_room;
    int32_t *aligned; /* the last word of the text before or at a word of the reference, or -1 */
    size_t aligned_room;
    unsigned char *wrong_text, *wrong_reference;
    size_t wrong_text_room, wrong_reference_room;
    int checked;
} Ter;

typedef struct {
    size_t start, size, target;
    int64_t gain;
} Shift;

/* Lays the rows out for the two lengths; NOT_COUNTED if they have too many cells. */
static int lay_out(Ter *ter) {
    const size_t size = ter->text.size, words = ter->reference.size;
    const double ratio = size ? (double)words / (double)size : 1.0;
    const double wide = ratio / 2 + BEAM; /* where the lengths differ so much that rows would not meet */
    const size_t beam = BEAM < ratio / 2 ? (size_t)wide + ((double)(size_t)wide < wide) : BEAM;
    size_t at = 1;
    if (reserve(&ter->rows, &ter->rows_room, size + 1, sizeof *ter->rows) != DONE) {
        return NO_MEMORY;
    }
    ter->rows[0] = (Row){0, words + 1, at};
    for (size_t i = 1; i <= size; i++) {
        const size_t diagonal = (size_t)((double)i * ratio);
        Row *row = &ter->rows[i];
        row->low = diagonal > beam ? diagonal - beam : 0;
        row->high = i == size || diagonal + beam > words + 1 ? words + 1 : diagonal + beam;
        /* The row before is read up to this one's end; before each row stands one cell. */
        at += (row->high > row[-1].high ? row->high : row[-1].high) - row[-1].low + 1;
        row->at = at;
        if (at > MOST_CELLS) {
            return NOT_COUNTED;
        }
    }
    at += ter->rows[size].high - ter->rows[size].low + 1;
    if (at > MOST_CELLS) {
        return NOT_COUNTED;
    }
    if (numbers_reserve(&ter->costs, at) != DONE || numbers_reserve(&ter->trial, at) != DONE ||
        reserve(&ter->edits, &ter->edits_room, at, 1) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < at; i++) {
        ter->costs.items[i] = ter->trial.items[i] = UNREACHED;
        ter->edits[i] = NONE;
    }
    for (size_t j = 0; j <= words; j++) {
        ter->costs.items[1 + j] = (uint32_t)j;
        ter->edits[1 + j] = INSERT;
    }
    return DONE;
}

/* Where a row and the one before it begin: the cells at the row's `low`. */
static inline uint32_t *cells_at(const Ter *ter, size_t i, size_t low, uint32_t *costs) {
    return costs + ter->rows[i].at + (low - ter->rows[i].low);
}

/* Fills the costs of a row from the one before, and nothing else: most of the time goes here. */
static void fill_costs(const Ter *ter, size_t i, uint32_t word, uint32_t *above_costs, uint32_t *costs) {
    const Row *row = &ter->rows[i];
    const uint32_t *reference = ter->reference.items, *above = cells_at(ter, i - 1, row->low, above_costs);
    uint32_t *cell = costs + row->at, left = UNREACHED;
    size_t j = row->low;
    if (j == 0) {
        *cell++ = left = *above++ + 1;
        j++;
    }
    for (; j < row->high; j++, above++) {
        const uint32_t kept = above[-1] + (word != reference[j - 1]);
        const uint32_t dropped = *above + 1, inserted = left + 1;
        uint32_t cost = kept < dropped ? kept : dropped;
        cost = inserted < cost ? inserted : cost;
        *cell++ = left = cost < UNREACHED ? cost : UNREACHED;
    }
}

/* Chooses the edits of a row. What costs as much is taken in this order: keep or replace, drop, insert. */
static void choose_edits(const Ter *ter, size_t i, uint32_t word, uint32_t *costs, unsigned char *edits) {
    const Row *row = &ter->rows[i];
    const uint32_t *above = cells_at(ter, i - 1, row->low, costs), *cell = costs + row->at;
    for (size_t j = row->low; j < row->high; j++, above++, cell++) {
        unsigned char edit = INSERT;
        if (j == 0) {
            edit = DROP;
        } else if (*cell == UNREACHED) {
            edit = NONE;
        } else if (above[-1] + (word != ter->reference.items[j - 1]) == *cell) {
            edit = word == ter->reference.items[j - 1] ? KEEP : REPLACE;
        } else if (*above + 1 == *cell) {
            edit = DROP;
        }
        edits[row->at + (j - row->low)] = edit;
    }
}

static int64_t last_cost(const Ter *ter, const Numbers *costs) {
    const Row *row = &ter->rows[ter->text.size];
    return costs->items[row->at + (ter->reference.size - row->low)];
}

/* The edit distance of the text as it is. */
static int64_t fill_table(Ter *ter) {
    for (size_t i = 1; i <= ter->text.size; i++) {
        fill_costs(ter, i, ter->text.items[i - 1], ter->costs.items, ter->costs.items);
        choose_edits(ter, i, ter->text.items[i - 1], ter->costs.items, ter->edits);
    }
    return last_cost(ter, &ter->costs);
}

/* The edit distance of the shifted text: rows of the words before the first that moved stay. */
static int64_t shifted_distance(Ter *ter) {
    uint32_t *above = ter->costs.items;
    size_t i = 0;
    while (i < ter->text.size && ter->shifted.items[i] == ter->text.items[i]) {
        i++;
    }
    if (i == ter->text.size) {
        return last_cost(ter, &ter->costs);
    }
    for (; i < ter->text.size; i++) {
        fill_costs(ter, i + 1, ter->shifted.items[i], above, ter->trial.items);
        above = ter->trial.items;
    }
    return last_cost(ter, &ter->trial);
}

/* Walks back along the edits: which words are wrong, and what stands beside what. */
static int align(Ter *ter) {
    size_t i = ter->text.size, j = ter->reference.size;
    while (i > 0 || j > 0) {
        const Row *row = &ter->rows[i];
        const int inside = j >= row->low && j < row->high;
        const Edit edit = inside ? (Edit)ter->edits[row->at + (j - row->low)] : NONE;
        if ((edit == KEEP || edit == REPLACE) && i > 0 && j > 0) {
            ter->wrong_text[i - 1] = ter->wrong_reference[j - 1] = edit == REPLACE;
            ter->aligned[j - 1] = (int32_t)i - 1;
            i--;
            j--;
        } else if (edit == INSERT && j > 0) {
            ter->wrong_reference[j - 1] = 1;
            ter->aligned[j - 1] = (int32_t)i - 1;
            j--;
        } else if (edit == DROP && i > 0) {
            ter->wrong_text[i - 1] = 1;
            i--;
        } else {
            return NOT_COUNTED; /* the beam did not reach the end */
        }
    }
    return DONE;
}

/* Moves a run of words to before the word that stands at the target. */
static void move_words(const Ter *ter, size_t start, size_t size, size_t target, uint32_t *to) {
    const uint32_t *words = ter->text.items;
    const size_t end = start + size, all = ter->text.size;
    /* A target within the run counts from its end, as sacrebleu has it. */
    const size_t first = target < start ? target : start;
    const size_t last = target < start        ? end
                        : target > end        ? target
                        : size + target < all ? size + target
                                              : all;
    size_t at = first;
    memcpy(to, words, first * sizeof *to);
    if (target < start) {
        memcpy(to + at, words + start, size * sizeof *to);
        memcpy(to + at + size, words + target, (start - target) * sizeof *to);
    } else {
        memcpy(to + at, words + end, (last - end) * sizeof *to);
        at += last - end;
        memcpy(to + at, words + start, size * sizeof *to);
    }
    memcpy(to + last, words + last, (all - last) * sizeof *to);
}

static int any(const unsigned char *marks, size_t size) {
    return memchr(marks, 1, size) != NULL;
}

static int is_better(const Shift *shift, const Shift *best) {
    if (shift->gain != best->gain) {
        return shift->gain > best->gain;
    }
    if (shift->size != best->size) {
        return shift->size > best->size;
    }
    if (shift->start != best->start) {
        return shift->start < best->start;
    }
    return shift->target < best->target;
}

/* Tries a run of words at every place beside those that it equals. `best->size` is 0 for none. */
static void try_places(Ter *ter, size_t start, size_t expected, size_t size, int64_t before, Shift *best) {
    int64_t last = -1;
    for (size_t offset = 0; offset <= size && expected + offset <= ter->reference.size; offset++) {
        /* Before the first word of the reference, then behind each of its words. */
        const int64_t target = expected + offset == 0 ? 0 : ter->aligned[expected + offset - 1] + 1;
        Shift shift = {start, size, (size_t)target, 0};
        if (target == last) {
            continue;
        }
        last = target;
        move_words(ter, start, size, shift.target, ter->shifted.items);
        shift.gain = before - shifted_distance(ter);
        ter->checked++;
        if (best->size == 0 || is_better(&shift, best)) {
            *best = shift;
            memcpy(ter->best.items, ter->shifted.items, ter->text.size * sizeof *ter->best.items);
        }
    }
}

/* Tries a run of the text that the reference has elsewhere, where both are wrong. */
static void try_run(Ter *ter, size_t start, size_t expected, size_t size, int64_t before, Shift *best) {
    const int64_t beside = ter->aligned[expected];
    if (any(ter->wrong_text + start, size) && any(ter->wrong_reference + expected, size) &&
        !((int64_t)start <= beside && beside < (int64_t)(start + size))) {
        try_places(ter, start, expected, size, before, best);
    }
}

/* Finds the best shift of the text as it is; its size is 0 where there is none. */
static Shift best_shift(Ter *ter, int64_t before) {
    const size_t size = ter->text.size, words = ter->reference.size;
    Shift best = {0, 0, 0, 0};
    for (size_t start = 0; start < size; start++) {
        const size_t low = start > MOST_DISTANCE ? start - MOST_DISTANCE : 0;
        const size_t high = start + MOST_DISTANCE < words ? start + MOST_DISTANCE + 1 : words;
        for (size_t expected = low; expected < high; expected++) {
            for (size_t run = 1; run <= MOST_SHIFTED && start + run <= size && expected + run <= words &&
                                 ter->text.items[start + run - 1] == ter->reference.items[expected + run - 1];
                 run++) {
                const int checked = ter->checked;
                try_run(ter, start, expected, run, before, &best);
                if (ter->checked > checked && ter->checked >= MOST_CANDIDATES) {
                    return best;
                }
            }
        }
    }
    return best;
}

/* Counts the edits from the text to the reference, DONE or NOT_COUNTED or NO_MEMORY. */
static int count_edits(Ter *ter, int64_t *edits) {
    int64_t shifts = 0;
    int laid;
    if (ter->reference.size == 0) {
        *edits = (int64_t)ter->text.size;
        return DONE;
    }
    laid = lay_out(ter);
    ter->checked = 0;
    while (laid == DONE) {
        const int64_t before = fill_table(ter);
        Shift best;
        if (align(ter) != DONE) {
            return NOT_COUNTED;
        }
        best = best_shift(ter, before);
        if (ter->checked >= MOST_CANDIDATES || best.size == 0 || best.gain <= 0) {
            *edits = shifts + before;
            return DONE;
        }
        shifts++;
        memcpy(ter->text.items, ter->best.items, ter->text.size * sizeof *ter->best.items);
    }
    return laid;
}

static int read_words(Ter *ter, Text text, Numbers *numbers) {
    if (numbers_reserve(&ter->line, text.size + 1) != DONE || tokens_begin(&ter->words, text.size) != DONE) {
        return NO_MEMORY;
    }
    for (size_t i = 0; i < text.size; i++) {
        ter->line.items[i] = ascii_lower(text.points[i]);
    }
    tokens_split(&ter->words, ter->line.items, text.size);
    return vocabulary_numbers(&ter->vocabulary, &ter->words, numbers);
}

/* Reads a reference and begins with the prediction as it is. */
static int begin(Ter *ter, Text reference) {
    const size_t size = ter->prediction.size + 1;
    size_t words;
    if (read_words(ter, reference, &ter->reference) != DONE) {
        return NO_MEMORY;
    }
    words = ter->reference.size + 1;
    if (numbers_reserve(&ter->text, size) != DONE || numbers_reserve(&ter->shifted, size) != DONE ||
        numbers_reserve(&ter->best, size) != DONE ||
        reserve(&ter->wrong_text, &ter->wrong_text_room, size, 1) != DONE ||
        reserve(&ter->wrong_reference, &ter->wrong_reference_room, words, 1) != DONE ||
        reserve(&ter->aligned, &ter->aligned_room, words, sizeof *ter->aligned) != DONE) {
        return NO_MEMORY;
    }
    memcpy(ter->text.items, ter->prediction.items, ter->prediction.size * sizeof *ter->text.items);
    ter->text.size = ter->prediction.size;
    return DONE;
}

/* The fewest edits to any reference, and the words of all of them. */
static int count_row(void *scorer, const Text *texts, size_t size, int64_t *counts) {
    Ter *ter = scorer;
    int64_t edits = 0;
    if (vocabulary_is_full(&ter->vocabulary)) {
        vocabulary_forget(&ter->vocabulary);
    }
    if (read_words(ter, texts[0], &ter->prediction) != DONE) {
        return NO_MEMORY;
    }
    counts[EDITS] = INT64_MAX;
    counts[EXPECTED] = 0;
    for (size_t i = 1; i < size; i++) {
        const int begun = begin(ter, texts[i]), counted = begun == DONE ? count_edits(ter, &edits) : begun;
        if (counted == NO_MEMORY) {
            return NO_MEMORY;
        }
        if (counted == NOT_COUNTED) {
            counts[EDITS] = NOT_COUNTED;
            return DONE;
        }
        counts[EDITS] = edits < counts[EDITS] ? edits : counts[EDITS];
        counts[EXPECTED] += (int64_t)ter->reference.size;
    }
    return DONE;
}

static void free_ter(void *scorer) {
    Ter *ter = scorer;
    Numbers *numbers[] = {&ter->line,    &ter->prediction, &ter->reference, &ter->text,
                          &ter->shifted, &ter->best,       &ter->costs,     &ter->trial};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        numbers_free(numbers[i]);
    }
    vocabulary_free(&ter->vocabulary);
    words_free(&ter->words);
    free(ter->rows);
    free(ter->edits);
    free(ter->aligned);
    free(ter->wrong_text);
    free(ter->wrong_reference);
    free(ter);
}

int ter_scorer(Scorer *scorer, Seed seed) {
    Ter *ter = calloc(1, sizeof *ter);
    if (ter == NULL) {
        return NO_MEMORY;
    }
    ter->vocabulary.seed = seed;
    ter->vocabulary.letters_shift = POINTS_SHIFT;
    *scorer = (Scorer){ter, count_row, free_ter, COLUMNS, 1};
    return DONE;
}
