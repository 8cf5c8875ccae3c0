"""Hashing in other processes: strict about warnings, forked, short of memory, ending."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run(script: str, *flags: str) -> str:
    """Run a script in a new interpreter; it must end well and say nothing on stderr."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, *flags, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_passlib_is_loaded_at_the_first_use_and_warns_of_nothing() -> None:
    """With every warning an error, and eight threads at the door; the filters stay as they were."""
    assert (
        run(
            """
            import sys, threading, warnings
            from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

            hashers = [PasslibHasher.cheap_for_tests() for _ in range(8)]
            assert "passlib" not in sys.modules
            filters = list(warnings.filters)
            start, made = threading.Barrier(8), []

            def first_use(hasher):
                start.wait()
                made.append(hasher.hash("correct horse"))

            threads = [threading.Thread(target=first_use, args=(h,)) for h in hashers]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            assert len(set(made)) == 8
            assert all(hashers[0].matches("correct horse", each) for each in made)
            assert "passlib" in sys.modules
            assert list(warnings.filters) == filters
            try:
                warnings.warn("still an error", DeprecationWarning)
            except DeprecationWarning:
                print("strict")
            """,
            "-W",
            "error",
        )
        == "strict"
    )


def test_a_forked_worker_makes_threads_of_its_own() -> None:
    """Even where the parent hashed before it forked, and was hashing while it did."""
    assert (
        run(
            """
            import asyncio, os, threading
            from fastapi_jwtkit.hashing import HashingExecutor
            from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

            hashing = HashingExecutor(PasslibHasher(memory_mib=19, time_cost=2), workers=2)
            made = asyncio.run(hashing.hash("correct horse"))

            threads = [
                threading.Thread(target=asyncio.run, args=(hashing.matches("no", made),))
                for _ in range(6)
            ]
            [thread.start() for thread in threads]
            child = os.fork()
            if child == 0:
                right = asyncio.run(hashing.matches("correct horse", made))
                wrong = asyncio.run(hashing.matches("no", made))
                own = list(hashing._lanes) == [os.getpid()]
                os._exit(0 if right and not wrong and own else 1)
            [thread.join() for thread in threads]
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            "-W",
            "ignore::DeprecationWarning",
        )
        == "0"
    )


def test_a_machine_without_memory_is_busy_and_the_password_not_wrong() -> None:
    """Otherwise a person with the right password would be told that it is wrong."""
    assert (
        run(
            """
            import resource
            from fastapi_jwtkit.errors import HashingBusyError
            from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

            cheap, dear = PasslibHasher.cheap_for_tests(), PasslibHasher(memory_mib=1000)
            made = cheap.hash("correct horse")
            resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
            for attempt in (
                lambda: dear.hash("correct horse"),
                lambda: cheap.matches("correct horse", made.replace("m=8", "m=1024000")),
            ):
                try:
                    attempt()
                except HashingBusyError as error:
                    print(error.reason, error.__cause__)
            assert cheap.matches("correct horse", made)
            """
        )
        == "hashing_out_of_memory None\nhashing_out_of_memory None"
    )


def test_a_process_ends_without_closing_anything() -> None:
    """Threads that nobody closed keep no interpreter alive."""
    assert (
        run(
            """
            import asyncio
            from fastapi_jwtkit.hashing import HashingExecutor
            from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

            hashing = HashingExecutor(PasslibHasher.cheap_for_tests())
            print(asyncio.run(hashing.matches("a", asyncio.run(hashing.hash("a")))))
            """,
            "-W",
            "error",
        )
        == "True"
    )


def test_the_core_and_its_passwords_load_without_the_web() -> None:
    """A worker or a script hashes without FastAPI."""
    assert (
        run(
            """
            import sys
            import fastapi_jwtkit.accounts.authenticator, fastapi_jwtkit.accounts.registration
            import fastapi_jwtkit.hashing, fastapi_jwtkit.passwords.passlib_hasher
            print("fastapi" in sys.modules, "starlette" in sys.modules, "passlib" in sys.modules)
            """
        )
        == "False False False"
    )
