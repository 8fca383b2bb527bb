# native_tokenizer.py: the C interface of tokenizers (litert/tokenizer.h) for tests, by ctypes.
# SPDX-License-Identifier: Apache-2.0
import ctypes
import os
import pathlib

LIBRARY = pathlib.Path(os.environ.get("LITERT_BUILD", "build")) / "liblitert.so"
PARSE_SPECIAL, ADD_SPECIAL = 1, 2


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("message", ctypes.c_char * 500)]


class TokenList(ctypes.Structure):
    _fields_ = [("ids", ctypes.POINTER(ctypes.c_int32)), ("count", ctypes.c_size_t), ("capacity", ctypes.c_size_t)]


class Native:
    """A tokenizer of the library under test."""

    def __init__(self, path):
        self.library = lib = ctypes.CDLL(str(LIBRARY))
        lib.lrt_tokenizer_kind.restype = ctypes.c_char_p
        self.handle, self.list = ctypes.c_void_p(), TokenList()
        self.check(lib.lrt_tokenizer_open, os.fsencode(path), ctypes.byref(self.handle))
        self.kind = lib.lrt_tokenizer_kind(self.handle).decode()

    def check(self, function, *arguments):
        error = Error()
        if function(*arguments, ctypes.byref(error)) != 0:
            raise ValueError(error.message.decode("utf-8", "replace"))

    def encode(self, text, flags=PARSE_SPECIAL):
        data = text if isinstance(text, bytes) else text.encode()
        self.list.count = 0
        self.check(self.library.lrt_tokenizer_encode, self.handle, data, ctypes.c_size_t(len(data)),
                   ctypes.c_uint(flags), ctypes.byref(self.list))
        return self.list.ids[:self.list.count]

    def decode(self, ids, flags=0):
        array = (ctypes.c_int32 * len(ids))(*ids)
        text, length = ctypes.c_void_p(), ctypes.c_size_t()
        self.check(self.library.lrt_tokenizer_decode, self.handle, array, ctypes.c_size_t(len(ids)),
                   ctypes.c_uint(flags), ctypes.byref(text), ctypes.byref(length))
        result = ctypes.string_at(text.value, length.value).decode()
        self.library.lrt_text_free(text)
        return result

    def stream(self, ids, flags=0):
        """The text that comes with each id, and at the end."""
        detokenizer, text, length = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        self.check(self.library.lrt_detokenizer_create, self.handle, ctypes.c_uint(flags), ctypes.byref(detokenizer))
        for identifier in list(ids) + [None]:
            call = ("push", ctypes.c_int32(identifier)) if identifier is not None else ("flush",)
            self.check(getattr(self.library, "lrt_detokenizer_" + call[0]), detokenizer, *call[1:],
                       ctypes.byref(text), ctypes.byref(length))
            yield ctypes.string_at(text.value, length.value).decode()
        self.library.lrt_detokenizer_destroy(detokenizer)

    def __del__(self):
        self.library.lrt_token_list_clear(ctypes.byref(self.list))
        self.library.lrt_tokenizer_destroy(self.handle)
