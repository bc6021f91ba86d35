/* The words of a text as ROUGE reads them: runs of ASCII letters and digits, in lower case. */
#ifndef COMPATKIT_LETTERS_H
#define COMPATKIT_LETTERS_H

#include "text.h"
#include "vocabulary.h"

/* The letters of one text, a byte each; 0 for what is none. */
typedef struct {
    unsigned char *bytes;
    size_t room;
} Letters;

/* Reads the words of a text, and, unless `ends` is NULL, how many there are up to the end of each line
 * that has any. */
int read_words(Letters *letters, Text text, Words *words, Numbers *ends);

void letters_free(Letters *letters);

#endif
