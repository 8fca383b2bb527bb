/* plan_group.c: the node of a plan that stands for a group of delegated nodes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delegate.h"

static const lrt_delegate *delegate_of(const lrt_group *group) {
  return group->partition->runtime->delegates[group->delegate];
}

static lrt_status run_group(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_group *group = step->params;
  const lrt_delegate *delegate = delegate_of(group);
  lrt_error inner = {LRT_OK, ""};
  (void)begin;
  (void)end;
  const lrt_status status = delegate->type->eval(group->partition->sessions[group->delegate], group,
                                                 step->inputs, step->outputs, &inner);
  if (status == LRT_OK) return LRT_OK;
  return lrt_fail(run->err, status, "delegate %s failed in group %d: %s", delegate->name, group->index,
                  inner.message);
}

static lrt_status prepare_group(lrt_prepare *p) {
  lrt_group *group = (lrt_group *)(uintptr_t)p->node->options;
  const lrt_delegate *delegate = delegate_of(group);
  lrt_error inner = {LRT_OK, ""};
  lrt_error *outer = p->err;
  p->err = &inner;
  const lrt_status status = delegate->type->prepare(group->partition->sessions[group->delegate], group, p);
  p->err = outer;
  if (status == LRT_DEFER) return status;
  if (status != LRT_OK) {
    group->partition->runtime->failed_delegate = group->delegate;
    return lrt_fail(p->err, status, "delegate %s cannot prepare group %d: %s", delegate->name, group->index,
                    inner.message);
  }
  for (int32_t i = 0; i < p->node->output_count; i++)
    if (!p->outputs[i]->shaped && !p->outputs[i]->growable)
      return lrt_prepare_fail(p, LRT_RUN_FAILED, "delegate %s leaves tensor \"%s\" without a shape",
                              delegate->name, p->outputs[i]->name);
  return lrt_prepare_step(p, run_group, group, 1, 0, delegate->name);
}

const lrt_op lrt_group_op = {prepare_group, false, 0, true};
