/*
 * The Python module: columns of texts in, counts out. Texts are copied block by block; Python's lock
 * is given up while a block is counted. Nothing is kept between calls but the seed.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "porter.h"
#include "scorer.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_CHARACTERS = 1 << 20,  /* of a row; a longer one is not counted */
    BLOCK_CHARACTERS = 1 << 16, /* from which on a block is counted */
    MOST_COLUMNS = 8,
};

/* Rows that were read: their texts one after the other, and how many texts each has. */
typedef struct {
    uint32_t *points;
    size_t points_size, points_room;
    Text *texts; /* their characters are found when all are read, as the array may move */
    size_t texts_size, texts_room;
    Numbers rows; /* texts of each row; 0 for a row that is not counted */
} Block;

static void free_block(Block *block) {
    free(block->points);
    free(block->texts);
    numbers_free(&block->rows);
}

static int no_memory(void) {
    PyErr_NoMemory();
    return -1;
}

/* Copies the characters of a text to the end of the block; a size, or -1. */
static Py_ssize_t copy_points(Block *block, PyObject *text) {
    const Py_ssize_t size = PyUnicode_GetLength(text);
    if (size < 0) {
        return -1;
    }
    if (reserve(&block->points, &block->points_room, block->points_size + (size_t)size + 1,
                sizeof *block->points) != DONE) {
        return no_memory();
    }
    return PyUnicode_AsUCS4(text, block->points + block->points_size, size + 1, 1) ? size : -1;
}

static int is_ascii(const uint32_t *points, Py_ssize_t size) {
    uint32_t all = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        all |= points[i];
    }
    return all < 0x80;
}

/* Appends a text; what is not ASCII is lowered by Python's rules if the scorer asks for it. */
static int read_text(Block *block, PyObject *text, int lowers) {
    Py_ssize_t size = copy_points(block, text);
    if (size >= 0 && lowers && !is_ascii(block->points + block->points_size, size)) {
        PyObject *lowered = PyObject_CallMethod(text, "lower", NULL);
        size = lowered == NULL ? -1 : copy_points(block, lowered);
        Py_XDECREF(lowered);
    }
    if (size < 0) {
        return -1;
    }
    if (reserve(&block->texts, &block->texts_room, block->texts_size + 1, sizeof *block->texts) != DONE) {
        return no_memory();
    }
    block->texts[block->texts_size++].size = (size_t)size;
    block->points_size += (size_t)size;
    return 0;
}

static int check_text(PyObject *text, Py_ssize_t row) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "row %zd: expected a text, found %R", row, (PyObject *)Py_TYPE(text));
        return -1;
    }
    return 0;
}

/* Appends one of a row's texts and adds to its characters; leaves it out once they are too many. */
static int take_text(Block *block, PyObject *text, Py_ssize_t row, int lowers, Py_ssize_t *characters) {
    if (check_text(text, row) < 0) {
        return -1;
    }
    *characters += PyUnicode_GetLength(text);
    return *characters > MOST_CHARACTERS ? 0 : read_text(block, text, lowers);
}

/* Appends the references of a row: one text, or a sequence of them. */
static int take_references(Block *block, PyObject *references, Py_ssize_t row, int lowers,
                           Py_ssize_t *characters) {
    Py_ssize_t size;
    if (PyUnicode_Check(references)) {
        return take_text(block, references, row, lowers, characters);
    }
    size = PySequence_Size(references);
    if (size == 0) {
        PyErr_Format(PyExc_ValueError, "row %zd: expected at least one reference", row);
    }
    if (size <= 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *text = PySequence_GetItem(references, i);
        const int taken = text == NULL ? -1 : take_text(block, text, row, lowers, characters);
        Py_XDECREF(text);
        if (taken < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_row(Block *block, PyObject *predictions, PyObject *references, Py_ssize_t row, int lowers) {
    const size_t texts = block->texts_size, points = block->points_size;
    Py_ssize_t characters = 0;
    PyObject *prediction = PySequence_GetItem(predictions, row);
    PyObject *expected = prediction == NULL ? NULL : PySequence_GetItem(references, row);
    int taken = -1;
    if (expected != NULL && take_text(block, prediction, row, lowers, &characters) == 0) {
        taken = take_references(block, expected, row, lowers, &characters);
    }
    Py_XDECREF(prediction);
    Py_XDECREF(expected);
    if (taken < 0) {
        return -1;
    }
    if (characters > MOST_CHARACTERS) {
        block->texts_size = texts;
        block->points_size = points;
    }
    if (numbers_append(&block->rows, (uint32_t)(block->texts_size - texts)) != DONE) {
        return no_memory();
    }
    return 0;
}

/* Reads rows until their characters fill a block; the row to go on with, or -1. */
static Py_ssize_t read_block(Block *block, PyObject *predictions, PyObject *references, Py_ssize_t row,
                             Py_ssize_t rows, int lowers) {
    const uint32_t *points;
    block->points_size = block->texts_size = block->rows.size = 0;
    while (row < rows && block->points_size < BLOCK_CHARACTERS && block->rows.size < BLOCK_CHARACTERS) {
        if (read_row(block, predictions, references, row, lowers) < 0) {
            return -1;
        }
        row++;
    }
    points = block->points;
    for (size_t i = 0; i < block->texts_size; i++) {
        block->texts[i].points = points;
        points += block->texts[i].size;
    }
    return row;
}

/* Counts the rows of a block into `counts`, which need not be aligned. */
static int count_block(const Scorer *scorer, const Block *block, char *counts) {
    const Text *texts = block->texts;
    for (size_t row = 0; row < block->rows.size; row++) {
        int64_t counted[MOST_COLUMNS] = {NOT_COUNTED};
        const size_t size = block->rows.items[row];
        if (size > 0 && scorer->count_row(scorer->state, texts, size, counted) != DONE) {
            return NO_MEMORY;
        }
        memcpy(counts, counted, scorer->columns * sizeof *counted);
        counts += scorer->columns * sizeof *counted;
        texts += size;
    }
    return DONE;
}

static int count_rows(const Scorer *scorer, PyObject *predictions, PyObject *references, Py_ssize_t rows,
                      char *counts) {
    Block block = {0};
    Py_ssize_t row = 0;
    int counted = 0;
    while (row < rows && counted == 0) {
        const Py_ssize_t next = read_block(&block, predictions, references, row, rows, scorer->lowers);
        if (next < 0) {
            counted = -1;
            break;
        }
        Py_BEGIN_ALLOW_THREADS counted = count_block(scorer, &block, counts);
        Py_END_ALLOW_THREADS if (counted != DONE) {
            PyErr_NoMemory();
        }
        else {
            counted = PyErr_CheckSignals();
        }
        counts += (size_t)(next - row) * scorer->columns * sizeof(int64_t);
        row = next;
    }
    free_block(&block);
    return counted;
}

/* Checks the columns and the buffer, counts, and frees the scorer. */
static PyObject *count_columns(Scorer *scorer, PyObject *predictions, PyObject *references,
                               PyObject *counts) {
    const Py_ssize_t rows = PySequence_Size(predictions), others = PySequence_Size(references);
    Py_buffer view;
    int counted = -1;
    if (rows >= 0 && others >= 0 && rows != others) {
        PyErr_Format(PyExc_ValueError, "%zd predictions and %zd rows of references", rows, others);
    } else if (rows >= 0 && others >= 0 && PyObject_GetBuffer(counts, &view, PyBUF_WRITABLE) == 0) {
        if ((size_t)view.len / sizeof(int64_t) / scorer->columns == (size_t)rows &&
            (size_t)view.len % (sizeof(int64_t) * scorer->columns) == 0) {
            counted = count_rows(scorer, predictions, references, rows, view.buf);
        } else {
            PyErr_Format(PyExc_ValueError, "expected room for %zd rows of %zu counts", rows, scorer->columns);
        }
        PyBuffer_Release(&view);
    }
    scorer->free_state(scorer->state);
    if (counted < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static Seed seed_of(PyObject *module) {
    return *(Seed *)PyModule_GetState(module);
}

static PyObject *rouge(PyObject *module, PyObject *args) {
    PyObject *predictions, *references, *counts;
    Scorer scorer;
    int order, stems;
    if (!PyArg_ParseTuple(args, "OOOip", &predictions, &references, &counts, &order, &stems)) {
        return NULL;
    }
    if (order < -1 || order > 9) {
        return PyErr_Format(PyExc_ValueError, "order %d; expected 1 to 9, 0 for L, -1 for Lsum", order);
    }
    if (rouge_scorer(&scorer, seed_of(module), order, stems) != DONE) {
        return PyErr_NoMemory();
    }
    return count_columns(&scorer, predictions, references, counts);
}

typedef int MakeScorer(Scorer *scorer, Seed seed);

static PyObject *count_by(MakeScorer *make, PyObject *module, PyObject *args) {
    PyObject *predictions, *references, *counts;
    Scorer scorer;
    if (!PyArg_ParseTuple(args, "OOO", &predictions, &references, &counts)) {
        return NULL;
    }
    if (make(&scorer, seed_of(module)) != DONE) {
        return PyErr_NoMemory();
    }
    return count_columns(&scorer, predictions, references, counts);
}

static PyObject *bleu(PyObject *module, PyObject *args) {
    return count_by(bleu_scorer, module, args);
}

static PyObject *chrf(PyObject *module, PyObject *args) {
    return count_by(chrf_scorer, module, args);
}

static PyObject *ter(PyObject *module, PyObject *args) {
    return count_by(ter_scorer, module, args);
}

/* The stem of a word, for the suite: what ROUGE does with a new word. */
static PyObject *stem(PyObject *module, PyObject *args) {
    const char *word;
    Py_ssize_t size;
    char *letters;
    PyObject *stemmed;
    (void)module;
    if (!PyArg_ParseTuple(args, "s#", &word, &size)) {
        return NULL;
    }
    letters = malloc((size_t)size + 1);
    if (letters == NULL) {
        return PyErr_NoMemory();
    }
    memcpy(letters, word, (size_t)size);
    stemmed = PyUnicode_FromStringAndSize(letters, (Py_ssize_t)porter_stem(letters, (size_t)size));
    free(letters);
    return stemmed;
}

static PyMethodDef FUNCTIONS[] = {
    {"rouge", rouge, METH_VARARGS, NULL}, {"bleu", bleu, METH_VARARGS, NULL},
    {"chrf", chrf, METH_VARARGS, NULL},   {"ter", ter, METH_VARARGS, NULL},
    {"stem", stem, METH_VARARGS, NULL},   {NULL, NULL, 0, NULL},
};

static int draw_seed(PyObject *module) {
    Seed *seed = PyModule_GetState(module);
    PyObject *os = PyImport_ImportModule("os");
    PyObject *drawn = os == NULL ? NULL : PyObject_CallMethod(os, "urandom", "n", (Py_ssize_t)sizeof *seed);
    char *bytes;
    Py_ssize_t size;
    int done = -1;
    if (drawn != NULL && PyBytes_AsStringAndSize(drawn, &bytes, &size) == 0) {
        memcpy(seed, bytes, sizeof *seed);
        seed->factor |= 1;
        done = 0;
    }
    Py_XDECREF(drawn);
    Py_XDECREF(os);
    return done;
}

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, draw_seed},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,  .m_name = "_kernel", .m_size = sizeof(Seed),
    .m_methods = FUNCTIONS, .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__kernel(void);

PyMODINIT_FUNC PyInit__kernel(void) {
    return PyModuleDef_Init(&MODULE);
}
