/* jinja_run.h: running a template: variables by scope, statements, expressions. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_RUN_H
#define LRT_TOKENIZER_JINJA_RUN_H

#include "tokenizer/jinja_tree.h"

typedef struct jinja_variable jinja_variable;
struct jinja_variable {
  jinja_text name;
  jinja_value value;
  jinja_variable *next;
};

typedef struct jinja_scope jinja_scope;
struct jinja_scope {
  jinja_scope *parent;
  jinja_variable *variables;
};

/* A loop with a filter takes items from its source when they are asked for: the filter may look at what the body sets. */
struct jinja_loop {
  jinja_list items; /* those that passed, as far as is known */
  size_t index;
  jinja_list source; /* what is left begins at source.at */
  const jinja_node *node;
  jinja_scope *outer;
  jinja_value changed; /* what changed() was given last: a tuple; UNDEFINED before */
};

/* A macro, or the body of a call block, where it was defined. */
struct jinja_macro {
  const jinja_node *node;
  jinja_scope *scope;
};

/* Makes at least `count` items of a loop known, or all. */
lrt_status jinja_fill_loop(jinja_run *run, jinja_loop *loop, size_t count);

/* A new innermost scope below `parent`. */
lrt_status jinja_open_scope(jinja_run *run, jinja_scope *parent, jinja_scope **out);
/* Sets in the innermost scope. */
lrt_status jinja_set_variable(jinja_run *run, jinja_text name, const jinja_value *value);
/* By scope, then the context, then the globals; undefined where nobody knows it. */
lrt_status jinja_get_variable(jinja_run *run, jinja_text name, jinja_value *out);
/* Assigns to a name, a tuple of names, or an attribute of a namespace. */
lrt_status jinja_assign(jinja_run *run, const jinja_node *target, const jinja_value *value);

lrt_status jinja_evaluate(jinja_run *run, const jinja_node *node, jinja_value *out);
/* node: FILTER, the last of a chain whose first has no input: `input` goes there. */
lrt_status jinja_apply_filters(jinja_run *run, const jinja_node *node, const jinja_value *input,
                               jinja_value *out);
/* The arguments of a chain of ARGUMENT nodes. */
lrt_status jinja_evaluate_arguments(jinja_run *run, const jinja_node *list, jinja_args *out);
/* The output of a macro. */
lrt_status jinja_call_macro(jinja_run *run, const jinja_macro *macro, const jinja_args *args,
                            jinja_value *out);
/* Runs a chain of statements, which writes to run->out. */
lrt_status jinja_execute(jinja_run *run, const jinja_node *list);

#endif
