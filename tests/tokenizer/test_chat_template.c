/* test_chat_template.c: templates and prompt affixes against written-down texts, refusals, limits, refused memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/chat_template.h"

#include "check.h"
#include "shared_files.h"

static const char *const conversation =
    "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": "
    "\" Hi \"},"
    " {\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"Yes\"}, {\"type\": \"text\", "
    "\"text\":"
    " \"?\"}]}, {\"role\": \"user\", \"content\": \"W\\u00f6rld\"}], \"tools\": [{\"name\": \"f\", \"n\": "
    "1.5}],"
    " \"add_generation_prompt\": true, \"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"n\": 7}";

/* Renders over `context`; the text stays in `out` (lrt_str_clear). */
static lrt_status render_with(const char *text, const char *context, lrt_alloc *alloc, uint64_t steps,
                              uint64_t bytes, lrt_str *out, lrt_error *err) {
  lrt_chat_template *chat = NULL;
  lrt_arena arena;
  const lrt_json *json = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_str_init(out, alloc, 0);
  CHECK_INT(lrt_json_parse(context, strlen(context), &arena, &json, err), LRT_OK);
  lrt_status status = lrt_chat_template_create(text, strlen(text), alloc, &chat, err);
  if (status == LRT_OK) {
    lrt_chat_template_limit(chat, steps, bytes);
    status = lrt_chat_template_render(chat, json, out, err);
  }
  lrt_chat_template_destroy(chat);
  lrt_arena_clear(&arena);
  return status;
}

static void expect(const char *text, const char *expected) {
  lrt_error err = {LRT_OK, ""};
  lrt_str out;
  const lrt_status status = render_with(text, conversation, lrt_alloc_default(), 0, 0, &out, &err);
  if (status == LRT_OK)
    CHECK_TEXT(out.text, expected);
  else
    CHECK_TEXT(err.message, expected);
  lrt_str_clear(&out);
}

static void refuse_limited(const char *text, uint64_t steps, uint64_t bytes, lrt_status wanted,
                           const char *reason) {
  lrt_error err = {LRT_OK, ""};
  lrt_str out;
  const lrt_status status = render_with(text, conversation, lrt_alloc_default(), steps, bytes, &out, &err);
  CHECK_INT(status, wanted);
  if (strstr(err.message, reason) == NULL) CHECK_TEXT(err.message, reason);
  lrt_str_clear(&out);
}

static void refuse(const char *text, lrt_status wanted, const char *reason) {
  refuse_limited(text, 0, 0, wanted, reason);
}

static void chat(void) {
  expect("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}{% if message.content is "
         "string %}"
         "{{ message.content | trim }}{% else %}{% for p in message.content %}{{ p.text }}{% endfor %}{% "
         "endif %}"
         "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% "
         "endif %}",
         "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
         "Yes?<|im_end|>\n<|im_start|>user\nW\xc3\xb6rld<|im_end|>\n<|im_start|>assistant\n");
  expect("{{ tools | tojson }}{{ tools[0] | tojson(indent=2) }}",
         "[{\"name\": \"f\", \"n\": 1.5}]{\n  \"name\": \"f\",\n  \"n\": 1.5\n}");
}

static void statements(void) {
  expect("{% for i in range(9) if i is odd %}{% if i == 7 %}{% break %}{% endif %}{{ loop.index }}{{ i }};{% "
         "endfor %}",
         "11;23;35;");
  expect("{% set ns = namespace(a=0) %}{% for m in messages %}{% set ns.a = ns.a + m.content|length %}{% "
         "endfor %}{{ ns.a }}",
         "20");
  expect("{% macro m(a, b='x') %}[{{ a }}{{ b }}{{ caller() if caller is defined }}]{% endmacro %}{{ m(1, "
         "b=2) }}"
         "{% call m(3) %}inner{% endcall %}",
         "[12][3xinner]");
  expect("{% set t | upper %}abc{% endset %}{{ t }}{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }}",
         "ABC1False");
  expect("  {% if n == 7 %}  \n   a\n  {%- endif +%}\n{# gone #}\n b\n", "  \n   a\n b");
  expect("{% raw %}{{ x }}{% endraw %}{% generation %}g{% endgeneration %}", "{{ x }}g");
}

static void expressions(void) {
  expect("{{ 7 // -2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 1 < n <= 7 }} {{ 'a' ~ n ~ 1 }}",
         "-4 2 1024 3.5 True a71");
  expect("{{ 'abc'[::-1] }}{{ [1, 2, 3][-2:] }}{{ messages[1:3] | map(attribute='role') | join(',') }}",
         "cba[2, 3]user,assistant");
  expect("{{ ' a '.strip() }}{{ 'x,y'.split(',') }}{{ '%s-%d' % ('a', 3) }}{{ {'a': none, 'b': 1.0} }}",
         "a['x', 'y']a-3{'a': None, 'b': 1.0}");
}

static void undefined_values(void) {
  expect("{{ nothing }}{{ messages[9] }}{{ nothing | default('d') }}{{ nothing is defined }}{{ messages[0].x "
         "is defined }}",
         "dFalseFalse");
  refuse("a\n{{ nothing.more }}", LRT_RUN_FAILED, "line 2 of the chat template: 'nothing' is undefined");
  refuse("{{ messages[0].x.y }}", LRT_RUN_FAILED, "'dict object' has no attribute 'x'");
  refuse("{{ 'a' + messages[2].content }}", LRT_RUN_FAILED,
         "the operator + has no meaning between 'str' and 'list'");
}

static void refusals(void) {
  refuse("{{ raise_exception('no tools, please') }}", LRT_INVALID_ARGUMENT, "no tools, please");
  refuse("\n\n{% include 'x' %}", LRT_UNSUPPORTED,
         "line 3 of the chat template: the statement include is not supported");
  refuse("{{ x | urlize }}", LRT_UNSUPPORTED, "the filter urlize is not supported");
  refuse("{{ x is prime }}", LRT_UNSUPPORTED, "the test prime is not supported");
  refuse("{{ 'x'.zfill(3) }}", LRT_UNSUPPORTED, "the method zfill is not supported");
  refuse("{% for a in b recursive %}{% endfor %}", LRT_UNSUPPORTED, "a recursive for loop");
  refuse("{% if x %}", LRT_INVALID_MODEL, "the template ends before {% endif %}");
  refuse("{{ x ", LRT_INVALID_MODEL, "an output {{ does not end");
  refuse("{{ (x }}", LRT_INVALID_MODEL, "a bracket closes that was not opened");
  refuse("{{ 'x }}", LRT_INVALID_MODEL, "a string does not end");
  refuse("{% frobnicate %}", LRT_INVALID_MODEL, "the statement frobnicate is not known");
  refuse("{% break %}", LRT_INVALID_MODEL, "break outside of a loop");
  refuse("{{ x ! y }}", LRT_INVALID_MODEL, "the sign ! has no meaning");
  refuse("{{ a b }}", LRT_INVALID_MODEL, "'b' stands where the output's end }} is expected");
  refuse("caf\xe9", LRT_INVALID_MODEL, "the chat template is not UTF-8 at byte 3");
  refuse("{{ 9223372036854775807 + 1 }}", LRT_UNSUPPORTED, "a number of more than 64 bits");
}

/* Work, memory and nesting that a hostile template would like to have. */
static void limits(void) {
  static char deep[6001];
  refuse_limited("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", 200000, 0,
                 LRT_OVER_BUDGET, "more than 200000 steps");
  refuse_limited(
      "{% set ns = namespace(s='x') %}{% for a in range(99) %}{% set ns.s = ns.s * 8 %}{% endfor %}", 0,
      1000000, LRT_OVER_BUDGET, "more than 1000000 bytes");
  refuse_limited("{{ 'x' * 9999999999 }}", 0, 1000000, LRT_OVER_BUDGET, "more than 1000000 bytes");
  refuse_limited("{{ [1] * 9999999999 }}", 0, 1000000, LRT_OVER_BUDGET, "more than 1000000 bytes");
  refuse("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", LRT_OVER_BUDGET, "nested more than");
  refuse("{% set l = [] %}{{ l.append(l) }}{{ l }}", LRT_OVER_BUDGET, "nested more than");
  refuse("{{ range(999999) }}", LRT_RUN_FAILED, "more than 100000 numbers");
  memset(deep, '-', 6000);
  memcpy(deep, "{{", 2);
  memcpy(deep + 5996, "1 }}", 4);
  refuse(deep, LRT_UNSUPPORTED, "nesting of more than");
  memset(deep + 2, '[', 5990);
  refuse(deep, LRT_UNSUPPORTED, "nested too deep");
}

/* Each allocation refused in turn: an error every time, nothing left behind. */
static void no_memory(void) {
  static const char text[] = "{% macro m(a) %}{{ a|upper }}{% endmacro %}{% for x in "
                             "messages|selectattr('role', 'in', ['user'])|list %}"
                             "{{ m(x.content) ~ loop.index }}{% endfor %}{{ tools|tojson }}{{ '%s' % n }}{{ "
                             "'a,b'.split(',')|join('-') }}";
  lrt_alloc *alloc = NULL;
  int failures = 0, successes = 0;
  REQUIRE(lrt_alloc_create(0, &alloc, NULL) == LRT_OK);
  for (uint64_t nth = 1; nth < 400 && successes == 0; nth++) {
    lrt_error err = {LRT_OK, ""};
    lrt_str out;
    lrt_alloc_fail_from(alloc, nth);
    const lrt_status status = render_with(text, conversation, alloc, 0, 0, &out, &err);
    CHECK(status == LRT_OK || (status == LRT_OUT_OF_MEMORY && err.message[0] != 0));
    failures += status != LRT_OK;
    successes += status == LRT_OK;
    lrt_alloc_fail_from(alloc, 0);
    if (status == LRT_OK) CHECK(strstr(out.text, " HI 1W") != NULL);
    lrt_str_clear(&out);
    CHECK_INT(lrt_alloc_in_use(alloc), 0);
  }
  CHECK(failures > 10 && successes == 1);
  lrt_alloc_destroy(alloc);
}

static lrt_status render_affixes(const lrt_llm_metadata *metadata, const char *context, lrt_str *out,
                                 lrt_error *err) {
  lrt_arena arena;
  const lrt_json *json = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_str_init(out, lrt_alloc_default(), 0);
  CHECK_INT(lrt_json_parse(context, strlen(context), &arena, &json, err), LRT_OK);
  const lrt_status status = lrt_prompt_affixes_render(metadata, json, out, err);
  lrt_arena_clear(&arena);
  return status;
}

static void affixes(void) {
  lrt_llm_metadata metadata;
  lrt_error err = {LRT_OK, ""};
  lrt_str out;
  memset(&metadata, 0, sizeof metadata);
  CHECK(!lrt_prompt_affixes_exist(&metadata));
  metadata.user = (lrt_prompt_affixes){true, "<u>", "</u>"};
  metadata.model = (lrt_prompt_affixes){true, "<m>", NULL};
  metadata.system = (lrt_prompt_affixes){true, NULL, "\n"};
  CHECK(lrt_prompt_affixes_exist(&metadata));
  REQUIRE(render_affixes(&metadata, conversation, &out, &err) == LRT_OK);
  CHECK_TEXT(out.text, "Be brief.\n<u> Hi </u><m>Yes?<u>W\xc3\xb6rld</u><m>");
  lrt_str_clear(&out);
  metadata.system.is_set = false;
  CHECK_INT(render_affixes(&metadata, conversation, &out, &err), LRT_INVALID_ARGUMENT);
  CHECK_TEXT(err.message, "the model's prompt has no place for a message of the role system");
  lrt_str_clear(&out);
  CHECK_INT(render_affixes(&metadata,
                           "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]}",
                           &out, &err),
            LRT_INVALID_ARGUMENT);
  lrt_str_clear(&out);
  CHECK_INT(render_affixes(&metadata, "[]", &out, &err), LRT_INVALID_ARGUMENT);
  lrt_str_clear(&out);
}

static void compile_file(const char *path, void *unused) {
  size_t size = 0;
  char *text = (char *)read_whole_file(path, &size);
  lrt_chat_template *compiled = NULL;
  lrt_error err = {LRT_OK, ""};
  (void)unused;
  REQUIRE(text != NULL);
  if (lrt_chat_template_create(text, size, lrt_alloc_default(), &compiled, &err) != LRT_OK)
    CHECK_TEXT(err.message, path);
  lrt_chat_template_destroy(compiled);
  for (size_t cut = 0; cut < size; cut += 7) { /* cut anywhere: refused or not, but always in order */
    lrt_chat_template_create(text, cut, lrt_alloc_default(), &compiled, NULL);
    lrt_chat_template_destroy(compiled);
  }
  free(text);
}

static void real_templates(void) {
  CHECK(for_each_file(LRT_TESTS_DIR "/tokenizer/templates", ".jinja", compile_file, NULL) >= 12);
}

int main(int argc, char **argv) {
  RUN(chat);
  RUN(statements);
  RUN(expressions);
  RUN(undefined_values);
  RUN(refusals);
  RUN(limits);
  RUN(no_memory);
  RUN(affixes);
  RUN(real_templates);
  DONE();
}
