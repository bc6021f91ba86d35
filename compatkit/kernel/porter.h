/* Porter's stems: the rules of compatkit/scorers/porter.py, which says where they are from. */
#ifndef COMPATKIT_PORTER_H
#define COMPATKIT_PORTER_H

#include <stddef.h>

/* Stems a word of a-z and 0-9 in its place; returns the size of the stem, at most the word's. */
size_t porter_stem(char *word, size_t size);

#endif
