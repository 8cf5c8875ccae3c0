"""``assert_all_guarded(app)``: a test that fails when somebody forgets a guard."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi_jwtkit.web.audit_report import audit

__all__ = ["assert_all_guarded"]


def assert_all_guarded(
    app: object, *, public: Mapping[str, str] | None = None, public_docs: bool = False
) -> None:
    """Fail unless every route of an app is guarded, public or allowed here.

    It finds what ``jwtkit audit`` finds. What it cannot look into, such as static files
    without a gate, has to be allowed by name.

    Args:
        app: a FastAPI or Starlette app.
        public: reasons for routes without a guard and a mark, by ``"GET /path"`` or
            ``"/path"``. An entry that no route needs fails as well.
        public_docs: whether the schema and the pages that show it may be open.

    Raises:
        AssertionError: names every route and where it is defined.
        ConfigurationError: an entry without a reason.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, which is what to look at
    findings = audit(app, allow=public, public_docs=public_docs).findings
    if findings:
        lines = [
            f"  {each.about}  {each.text}" + (f"  ({each.source})" if each.source else "")
            for each in findings
        ]
        message = "\n".join(
            (
                f"{len(lines)} of the app's routes can be called by strangers, or nobody can say:",
                *lines,
                "Guard them, mark them with Depends(public(reason=…)), or allow them by name.",
            )
        )
        raise AssertionError(message)
