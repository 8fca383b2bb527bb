# test_setup.py: tools/setup.sh on machines that lack something, played by small programs in front of the PATH.
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"


def run_setup(tmp_path, programs, *arguments, **environment):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in programs.items():
        (folder / name).write_text("#!/bin/sh\n" + body + "\n")
        (folder / name).chmod(0o755)
    variables = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache"),
                 **environment}
    return subprocess.run([str(SETUP), *arguments], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, universal_newlines=True)


def test_without_root_the_missing_line_is_printed(tmp_path):
    done = run_setup(tmp_path, {"dpkg-query": "echo installed gcc; echo installed cmake", "id": "echo 1000",
                                "sudo": "exit 1", "apt-get": "exit 1"}, "build")
    assert done.returncode == 69
    lines = [line for line in done.stderr.splitlines() if line.startswith("apt-get install ")]
    assert len(lines) == 1
    words = lines[0].split()
    assert "python3-venv" in words and "libpng-dev" in words
    assert "gcc" not in words and "cmake" not in words
    assert not (tmp_path / "cache").exists()


def test_a_failing_apt_prints_its_reason_and_the_line(tmp_path):
    done = run_setup(tmp_path, {"dpkg-query": "", "id": "echo 0", "apt-get": "echo the mirror is gone >&2; exit 100"},
                     "build")
    assert done.returncode == 69
    assert "the mirror is gone" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("apt-get install ")


def test_certificates_are_passed_on_and_never_written(tmp_path):
    secret = "/nowhere/bundle-4711.pem"
    done = run_setup(tmp_path, {
        "dpkg-query": "", "id": "echo 0",
        "apt-get": f"[ \"$SSL_CERT_FILE\" = {secret} ] || echo certificates are lost >&2; exit 100",
    }, "test", SSL_CERT_FILE=secret, PIP_CERT=secret)
    assert "lost" not in done.stderr
    assert secret not in done.stdout + done.stderr


def test_the_environment_lies_outside_the_repository(tmp_path):
    done = run_setup(tmp_path, {}, "venv")
    assert done.returncode == 0
    assert done.stdout.startswith(str(tmp_path / "cache" / "litert" / "venv-"))


def test_unknown_words_are_refused(tmp_path):
    done = run_setup(tmp_path, {}, "everything")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
