#include "porter.h"

#include <string.h>

typedef struct {
    const char *ending, *by;
    size_t length, by_length;
} Rule;

#define RULE(ending, by) {ending, by, sizeof ending - 1, sizeof by - 1}
#define NO_RULE {NULL, NULL, 0, 0}

/* Forms that the rules get wrong. */
static const Rule IRREGULAR[] = {
    RULE("sky", "sky"),
    RULE("skies", "sky"),
    RULE("dying", "die"),
    RULE("lying", "lie"),
    RULE("tying", "tie"),
    RULE("news", "news"),
    RULE("innings", "inning"),
    RULE("inning", "inning"),
    RULE("outings", "outing"),
    RULE("outing", "outing"),
    RULE("cannings", "canning"),
    RULE("canning", "canning"),
    RULE("howe", "howe"),
    RULE("proceed", "proceed"),
    RULE("exceed", "exceed"),
    RULE("succeed", "succeed"),
    NO_RULE,
};

/* Longest first, as the first that fits is the only one tried. */
static const Rule STEP_2[] = {
    RULE("ational", "ate"), RULE("ization", "ize"),
    RULE("iveness", "ive"), RULE("fulness", "ful"),
    RULE("ousness", "ous"), RULE("tional", "tion"),
    RULE("biliti", "ble"),  RULE("entli", "ent"),
    RULE("ousli", "ous"),   RULE("ation", "ate"),
    RULE("alism", "al"),    RULE("aliti", "al"),
    RULE("iviti", "ive"),   RULE("fulli", "ful"),
    RULE("enci", "ence"),   RULE("anci", "ance"),
    RULE("izer", "ize"),    RULE("alli", "al"),
    RULE("ator", "ate"),    RULE("bli", "ble"),
    RULE("eli", "e"),       NO_RULE,
};
static const Rule STEP_3[] = {
    RULE("icate", "ic"), RULE("ative", ""), RULE("alize", "al"), RULE("iciti", "ic"),
    RULE("ical", "ic"),  RULE("ness", ""),  RULE("ful", ""),     NO_RULE,
};
static const Rule STEP_4[] = {
    RULE("ement", ""), RULE("ance", ""), RULE("ence", ""), RULE("able", ""), RULE("ible", ""),
    RULE("ment", ""),  RULE("ant", ""),  RULE("ent", ""),  RULE("ion", ""),  RULE("ism", ""),
    RULE("ate", ""),   RULE("iti", ""),  RULE("ous", ""),  RULE("ive", ""),  RULE("ize", ""),
    RULE("al", ""),    RULE("er", ""),   RULE("ic", ""),   RULE("ou", ""),   NO_RULE,
};

enum { SHORTEST = 3 };

/* Whether a letter is a vowel, from whether the one before it is: a y after a vowel is none. */
static int is_vowel(char letter, int after_vowel) {
    switch (letter) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
        return 1;
    case 'y':
        return !after_vowel;
    default:
        return 0;
    }
}

/* What the letters of a text are, as far as the rules ask. */
typedef struct {
    size_t measure; /* m of [C](VC){m}[V] */
    int has_vowel;
    int last, second, third; /* whether the last letter is a vowel, and those before it */
} Shape;

static Shape shape_of(const char *text, size_t size) {
    Shape shape = {0, 0, 1, 1, 1}; /* a first y is a consonant, as after a vowel */
    for (size_t i = 0; i < size; i++) {
        const int vowel = is_vowel(text[i], shape.last);
        shape.measure += i > 0 && shape.last && !vowel;
        shape.has_vowel |= vowel;
        shape.third = shape.second;
        shape.second = shape.last;
        shape.last = vowel;
    }
    return shape;
}

/* Whether a text ends in a syllable that keeps its e, as in hop(e) and at(e). */
static int ends_short(const char *text, size_t size, Shape shape) {
    if (size == 2) {
        return shape.second && !shape.last;
    }
    return size > 2 && !shape.third && shape.second && !shape.last && strchr("wxy", text[size - 1]) == NULL;
}

static inline int ends_in_letters(const char *word, size_t size, const char *ending, size_t length) {
    return size >= length && word[size - 1] == ending[length - 1] &&
           memcmp(word + size - length, ending, length) == 0;
}

#define ends_in(word, size, ending) ends_in_letters(word, size, ending, sizeof ending - 1)

/* Replaces the ending for which there is a rule, if the rest has a larger measure. */
static size_t replace(char *word, size_t size, const Rule *rules, size_t measure) {
    for (; rules->ending != NULL; rules++) {
        if (ends_in_letters(word, size, rules->ending, rules->length)) {
            const size_t rest = size - rules->length;
            if (shape_of(word, rest).measure <= measure) {
                return size;
            }
            memcpy(word + rest, rules->by, rules->by_length);
            return rest + rules->by_length;
        }
    }
    return size;
}

/* Step 1a. */
static size_t drop_plural(const char *word, size_t size) {
    if (ends_in(word, size, "ies")) {
        return size == strlen("dies") ? size - 1 : size - 2;
    }
    if (ends_in(word, size, "sses")) {
        return size - 2;
    }
    return word[size - 1] == 's' && !ends_in(word, size, "ss") ? size - 1 : size;
}

/* Step 1b, after an ed or ing was dropped: makes a word of what is left. */
static size_t complete(char *word, size_t size, Shape shape) {
    if (ends_in(word, size, "at") || ends_in(word, size, "bl") || ends_in(word, size, "iz")) {
        word[size++] = 'e';
    } else if (size > 1 && word[size - 1] == word[size - 2] && !shape.last) {
        size -= strchr("lsz", word[size - 1]) == NULL;
    } else if (shape.measure == 1 && ends_short(word, size, shape)) {
        word[size++] = 'e';
    }
    return size;
}

/* Step 1b. */
static size_t drop_past(char *word, size_t size) {
    size_t rest;
    Shape shape;
    if (ends_in(word, size, "ied")) {
        return size == strlen("died") ? size - 1 : size - 2;
    }
    if (ends_in(word, size, "eed")) {
        return shape_of(word, size - 3).measure ? size - 1 : size;
    }
    rest = ends_in(word, size, "ed") ? size - 2 : ends_in(word, size, "ing") ? size - 3 : 0;
    shape = shape_of(word, rest);
    return shape.has_vowel ? complete(word, rest, shape) : size;
}

/* Step 2. */
static size_t shorten(char *word, size_t size) {
    if (ends_in(word, size, "alli") && shape_of(word, size - 4).measure) {
        size -= 2;
    }
    if (ends_in(word, size, "logi")) {
        return shape_of(word, size - 3).measure ? size - 1 : size;
    }
    return replace(word, size, STEP_2, 0);
}

/* Step 4. */
static size_t shorten_most(char *word, size_t size) {
    if (ends_in(word, size, "ion") && !ends_in(word, size, "sion") && !ends_in(word, size, "tion")) {
        return size;
    }
    return replace(word, size, STEP_4, 1);
}

/* Step 5. */
static size_t drop_last_letter(const char *word, size_t size) {
    if (ends_in(word, size, "e")) {
        const Shape shape = shape_of(word, size - 1);
        if (shape.measure > 1 || (shape.measure == 1 && !ends_short(word, size - 1, shape))) {
            size--;
        }
    }
    return size - (ends_in(word, size, "ll") && shape_of(word, size - 1).measure > 1);
}

size_t porter_stem(char *word, size_t size) {
    for (const Rule *rule = IRREGULAR; rule->ending != NULL; rule++) {
        if (size == rule->length && memcmp(word, rule->ending, size) == 0) {
            memcpy(word, rule->by, rule->by_length);
            return rule->by_length;
        }
    }
    if (size < SHORTEST) {
        return size;
    }
    size = drop_plural(word, size);
    size = drop_past(word, size);
    if (size >= SHORTEST && word[size - 1] == 'y' && !shape_of(word, size - 1).last) {
        word[size - 1] = 'i';
    }
    size = shorten(word, size);
    size = replace(word, size, STEP_3, 0);
    size = shorten_most(word, size);
    return drop_last_letter(word, size);
}
