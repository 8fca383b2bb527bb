/* chat_template.h: prompts from conversations: a model's Jinja template, or the affixes in a bundle's metadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_CHAT_TEMPLATE_H
#define LRT_TOKENIZER_CHAT_TEMPLATE_H

#include "base/json.h"
#include "formats/llm_metadata.h"

/* A compiled template: immutable, may be rendered by several threads at once.
 *
 * The language is the part of Jinja 3.1 that chat templates use, in the environment that Hugging Face gives them:
 * trim_blocks and lstrip_blocks, loop controls, the globals raise_exception and strftime_now, tojson as json.dumps with
 * ensure_ascii=False. Statements: if, for (filtered, with else, break, continue), set (also as block, of several names, of
 * a namespace's attribute), macro, call, filter, with, raw, generation. Methods that change lists and dicts are allowed.
 * docs/chat-templates.md lists filters, tests, methods, and what is left out. */
typedef struct lrt_chat_template lrt_chat_template;

/* Compiles [length] bytes of UTF-8. Errors: INVALID_MODEL for what is no template, UNSUPPORTED for what is outside of the
 * subset, both with line and construct; OUT_OF_MEMORY, OVER_BUDGET. */
lrt_status lrt_chat_template_create(const char *text, size_t length, lrt_alloc *alloc,
                                    lrt_chat_template **out, lrt_error *err);
/* NULL is fine. */
void lrt_chat_template_destroy(lrt_chat_template *chat);
/* Work and memory of one rendering; 0 = the usual (20 million steps, 256 MiB). */
void lrt_chat_template_limit(lrt_chat_template *chat, uint64_t steps, uint64_t bytes);

/* Adds the text that the template makes of a JSON object: {"messages": [{"role": …, "content": a text or
 * [{"type": "text", "text": …}]}], "tools": […], "add_generation_prompt": true, "bos_token": …}. Errors:
 * INVALID_ARGUMENT with the text of raise_exception; RUN_FAILED for what fails in Jinja too (an undefined value that
 * is used, types that do not go together); UNSUPPORTED; OVER_BUDGET for too much work or output. */
lrt_status lrt_chat_template_render(const lrt_chat_template *chat, const lrt_json *context, lrt_str *out,
                                    lrt_error *err);

/* Adds what the metadata's prompt_templates make of the same object: each message between prefix and suffix of its role
 * (user, system, and model for "assistant" and "model"), then, where add_generation_prompt is true, the model's prefix.
 * Parts of a content other than texts and roles without affixes are INVALID_ARGUMENT. The start token is not written:
 * it goes in front of the ids. */
lrt_status lrt_prompt_affixes_render(const lrt_llm_metadata *metadata, const lrt_json *context, lrt_str *out,
                                     lrt_error *err);
/* The metadata has affixes of some role. */
bool lrt_prompt_affixes_exist(const lrt_llm_metadata *metadata);

#endif
