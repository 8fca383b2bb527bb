/* delegate_object.c: references to delegates. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delegate.h"

lrt_delegate *lrt_delegate_retain(lrt_delegate *delegate) {
  if (delegate != NULL) atomic_fetch_add_explicit(&delegate->references, 1, memory_order_relaxed);
  return delegate;
}

void lrt_delegate_destroy(lrt_delegate *delegate) {
  if (delegate == NULL) return;
  if (atomic_fetch_sub_explicit(&delegate->references, 1, memory_order_acq_rel) == 1)
    delegate->type->destroy(delegate);
}

const char *lrt_delegate_name(const lrt_delegate *delegate) {
  return delegate->name;
}
