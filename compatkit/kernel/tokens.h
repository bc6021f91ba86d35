/* Tokens between white space, as numbers: what BLEU and TER compare. */
#ifndef COMPATKIT_TOKENS_H
#define COMPATKIT_TOKENS_H

#include "text.h"
#include "vocabulary.h"

/* Makes room for the words of a text and of what follows it in `words`. */
int tokens_begin(Words *words, size_t characters);

/* Appends the words between the white space of a text; there is room. */
void tokens_split(Words *words, const uint32_t *points, size_t size);

#endif
