// Programs of elementwise ops: what they are written in, and one instruction after the other over tiles that stay in the nearest cache.
#pragma once
#include "functions.h"
#include "kernel.h"

enum { Tile = 512, MostOperands = 72 };

// An instruction is five letters: what to do, the operand that it makes, and up to three that it reads. Operands are counted from '0': inputs,
// then outputs, then tiles that only this program sees. True and false are 1 and 0.
enum { Letters = 5, First = '0' };

typedef struct Program {
  const char *text;
  int64_t instructions, inputs, outputs, tiles;
} Program;

#define TRUTH(condition) select(condition, all(1.0f), all(0.0f))
#define LOOP(expression)                          \
  for (int64_t i = 0; i < n; i += Lanes) {        \
    const Vector x = load(a + i);                 \
    store(d + i, expression);                     \
  }                                               \
  break
#define LOOP2(expression)                                  \
  for (int64_t i = 0; i < n; i += Lanes) {                 \
    const Vector x = load(a + i), y = load(b + i);         \
    store(d + i, expression);                              \
  }                                                        \
  break

static void instruction(char what, float *d, const float *a, const float *b, const float *c, int64_t n) {
  switch (what) {
    case '+': LOOP2(x + y);
    case '-': LOOP2(x - y);
    case '*': LOOP2(x * y);
    case '/': LOOP2(x / y);
    case 'M': LOOP2(select(x != x, x, select(y != y, y, larger(x, y))));
    case 'm': LOOP2(select(x != x, x, select(y != y, y, smaller(x, y))));
    case '>': LOOP2(TRUTH(x > y));
    case '<': LOOP2(TRUTH(x < y));
    case 'G': LOOP2(TRUTH(x >= y));
    case 'L': LOOP2(TRUTH(x <= y));
    case '=': LOOP2(TRUTH(x == y));
    case '&': LOOP2(x * y);
    case '|': LOOP2(larger(x, y));
    case '!': LOOP(1.0f - x);
    case 'n': LOOP(-x);
    case 'a': LOOP(magnitude(x));
    case 's': LOOP(root(x));
    case 'r': LOOP(1.0f / x);
    case 'R': LOOP(select(x > 0.0f, x, select(x == x, all(0.0f), x)));
    case 'e': LOOP(exponential(x));
    case 't': LOOP(tangent(x));
    case 'S': LOOP(logistic(x));
    case 'E': LOOP(errorFunction(x));
    case 'N': LOOP(0.5f + 0.5f * errorFunction(x * 0.707106781186547524f));
    case 'g': LOOP(select(x > 0.0f, all(1.0f), select(x < 0.0f, all(-1.0f), x)));
    case 'c': LOOP(x);
    case '?':
      for (int64_t i = 0; i < n; i += Lanes) store(d + i, select(load(a + i) != 0.0f, load(b + i), load(c + i)));
      break;
  }
}

static int known(char what) {
  for (const char *all = "+-*/Mm><GL=&|!nasrRetSENgc?"; *all; all++)
    if (*all == what) return 1;
  return 0;
}

/** Goes through the program's text, `inputs` and `outputs` known. Null, or what is wrong. */
static const char *readProgram(Program *p) {
  while (p->text[p->instructions * Letters]) {
    if (!known(p->text[p->instructions * Letters])) return "the program asks for what is not known";
    for (int l = 1; l < Letters; l++) {
      const int64_t operand = p->text[p->instructions * Letters + l] - First; // the text's end is no operand
      if (operand < 0 || operand >= MostOperands) return "the program names an operand that cannot be";
      if (l == 1 && operand < p->inputs) return "the program writes to an input";
      p->tiles = most(p->tiles, operand + 1 - p->inputs - p->outputs);
    }
    p->instructions++;
  }
  return p->inputs + p->outputs + p->tiles > MostOperands ? "the program has too many operands" : 0;
}

/** All instructions, over the first `n` elements of each operand: whole vectors. */
static void runProgram(const Program *p, float *const *at, int64_t n) {
  const char *i = p->text;
  for (int64_t k = 0; k < p->instructions; k++, i += Letters)
    instruction(i[0], at[i[1] - First], at[i[2] - First], at[i[3] - First], at[i[4] - First], n);
}
