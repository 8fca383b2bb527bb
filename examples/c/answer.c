/* answer.c: ask a language model a question and print the answer while it is made. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <litert/llm.h>
#include <stdio.h>
#include <string.h>

/* Whole UTF-8 characters, as soon as they are certain; 0 = go on. */
static int show(void *user, const lrt_token *token) {
  (void)user;
  fwrite(token->text, 1, token->text_length, stdout);
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  lrt_engine *engine = NULL;
  lrt_conversation *conversation = NULL;
  lrt_answer answer;
  lrt_error err = {LRT_OK, ""};
  lrt_generate_options options = {.max_tokens = 200, .on_token = show};

  if (argc != 3) {
    fprintf(stderr, "usage: answer MODEL.litertlm QUESTION\n");
    return 2;
  }
  lrt_status status = lrt_engine_open(argv[1], NULL, &engine, &err);
  if (status == LRT_OK) status = lrt_conversation_create(engine, NULL, &conversation, &err);
  if (status == LRT_OK) status = lrt_conversation_add(conversation, "user", argv[2], strlen(argv[2]), &err);
  if (status == LRT_OK) {
    lrt_engine_sampling(engine, &options.sampling); /* what the bundle recommends */
    status = lrt_conversation_answer(conversation, &options, &answer, &err);
  }
  if (status == LRT_OK)
    printf("\n[%s, %zu tokens, the first after %.0f ms]\n", lrt_finish_name(answer.finish), answer.count,
           answer.timings.first_token_s * 1e3);
  else
    fprintf(stderr, "answer: %s\n", err.message);
  lrt_conversation_destroy(conversation);
  lrt_engine_destroy(engine);
  return status == LRT_OK ? 0 : 1;
}
