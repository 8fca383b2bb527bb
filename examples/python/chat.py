# chat.py: a chat with a language model: streaming, Ctrl-C stops the answer, an empty line ends the chat.
# SPDX-License-Identifier: Apache-2.0
"""Usage: chat.py MODEL.litertlm [SYSTEM MESSAGE]"""
import sys

from litert import Engine, LitertError


def answer(conversation, text):
    stream = conversation.stream(text)
    try:
        for piece in stream:
            print(piece, end="", flush=True)
    except KeyboardInterrupt:
        stream.close()  # what came so far stays in the conversation
    told, timings = stream.answer, stream.answer["timings"]
    speed = timings["decode_tokens"] / timings["decode_s"] if timings["decode_s"] > 0 else 0
    print(f"\n[{told['finish_reason']}: {len(told['ids'])} tokens, {speed:.0f} tokens/s]")


def main(path, system=None):
    with Engine(path) as engine, engine.create_conversation(system_message=system) as conversation:
        while True:
            try:
                text = input("> ")
            except (EOFError, KeyboardInterrupt):
                break
            if not text:
                break
            try:
                answer(conversation, text)
            except LitertError as error:  # a full context, for example
                print(f"\nchat: {error}", file=sys.stderr)
        print(f"{len(conversation.messages)} messages, {conversation.token_count} tokens")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
