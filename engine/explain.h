//  What a compiler says of cells in words that only the unit's own make understandable.
#ifndef IPC_ENGINE_EXPLAIN_H
#define IPC_ENGINE_EXPLAIN_H

//  A sentence of ours in place of a compiler's words, static; or the words.
const char *explain(const char *words);

#endif
