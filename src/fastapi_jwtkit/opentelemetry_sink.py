"""Events and vitals as metrics and span attributes. Needs the extra ``opentelemetry``.

The one home of OpenTelemetry. Labels are few: an event's name, its outcome, its reason from
a closed set, and the realm. Nothing that a person or a client says becomes a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from fastapi_jwtkit.errors import MissingExtraError
from fastapi_jwtkit.events import AuthEvent
from fastapi_jwtkit.vitals import Vitals, Watched

try:
    from opentelemetry import metrics, trace
except ImportError:
    raise MissingExtraError("opentelemetry-api", "opentelemetry") from None

__all__ = ["METRIC_REASONS", "OpenTelemetrySink"]

METRIC_REASONS = frozenset(
    (
        # logins, and what else needs a password
        *("wrong_password", "unknown_login", "malformed_login", "no_password", "disabled"),
        *("email_unverified", "user_gone", "user_disabled", "password_changed"),
        *("password_missing", "authenticated_too_long_ago", "hashing_queue_full"),
        *("scope_wider_than_granted", "login_taken"),
        # refreshes and sessions
        *("refresh_token_forged", "refresh_token_reused", "refresh_secret_unknown"),
        *("foreign_replay", "rotation_contended", "session_unknown", "session_expired"),
        *("session_idle", "session_revoked", "revoked_before"),
        *("logout", "close_all", "closed_by_subject", "ended_by_operator", "limit", "erased"),
        *("password_change", "password_reset", "user_deleted"),
        # access tokens and guards
        *("expired", "bad_signature", "unknown_kid", "wrong_audience", "wrong_issuer"),
        *("wrong_typ", "claims_expired", "token_revoked", "key_revoked", "subject_revoked"),
        *("insufficient_scope", "missing_role", "missing_permission", "no_token"),
        # too many attempts, and requests by cookies that no page of the application made
        *("guess_by_source", "guess_by_pair", "guess_by_account"),
        *("proof_by_pair", "proof_by_account"),
        *("register_by_source", "forgot_by_source", "verify_by_source", "reset_by_source"),
        *("forgot_by_account", "verify_by_account", "refresh_by_session", "refresh_by_source"),
        *("foreign_origin", "cross_site", "csrf_token_missing", "csrf_token_of_another_session"),
        # links
        *("used", "overtaken", "address_taken", "unknown_email", "verified_before"),
        # what failed of ours
        *("session_add_failed", "session_find_failed", "session_advance_failed"),
        *("session_replay_failed", "session_revoke_failed", "session_list_failed"),
        *("session_erase_failed", "session_bump_failed", "revocation_publish_failed"),
        *("revocations_stale", "one_time_failed", "user_store_failed", "key_source_failed"),
        *("key_source_unreadable", "key_source_hangs", "misconfigured"),
    )
)
"""The reasons that are labels; every other one counts as ``other``."""

_GAUGES = (
    (
        *("revocation.age", "s"),
        "Seconds since the last completed read of the revocation feed began.",
    ),
    ("revocation.entries", "{entry}", "Entries in the revocation map."),
)
_COUNTERS = (
    (
        *("revocation.put_back", "{entry}"),
        "Revocations that a store had forgotten and was given back.",
    ),
    ("sink.failures", "{event}", "Events that a sink refused with an error."),
    ("sink.slow_calls", "{event}", "Events for which a sink held the event loop."),
    ("sink.lost", "{event}", "Events that were dropped or could not be written."),
    ("mail.failures", "{mail}", "Mails that could not be sent."),
    ("password.hashes", "{hash}", "Passwords hashed or compared."),
    ("password.hashing.time", "s", "Seconds spent on that, waiting not included."),
)
_READ: Mapping[str, Callable[[Vitals], float | None]] = MappingProxyType(
    {
        "revocation.age": lambda vitals: vitals.revocation_age,
        "revocation.entries": lambda vitals: vitals.live_revocations,
        "revocation.put_back": lambda vitals: vitals.put_back,
        "sink.failures": lambda vitals: vitals.sink_failures,
        "sink.slow_calls": lambda vitals: vitals.slow_sink_calls,
        "sink.lost": lambda vitals: vitals.events_lost,
        "mail.failures": lambda vitals: vitals.mail_failures,
        "password.hashes": lambda vitals: vitals.hashes,
        "password.hashing.time": lambda vitals: vitals.hashing_seconds,
    }
)

_Observe = Callable[[metrics.CallbackOptions], Iterable[metrics.Observation]]


class OpenTelemetrySink:
    """Count events, and note them on the span of the request.

    Uses what your application configured of OpenTelemetry; without an SDK it does nothing.
    Not for ``QueuedSink``: the span would be another, and nothing here waits.

    Args:
        meter_provider: where metrics go; default: the global one.
        user_ids: whether ``user.id`` is set on the span. An id is personal data, and the
            hash of one can be guessed from it, so there is no third choice. It is never a
            label of a metric.
    """

    def __init__(
        self, *, meter_provider: metrics.MeterProvider | None = None, user_ids: bool = False
    ) -> None:
        self._meter = metrics.get_meter("fastapi_jwtkit", meter_provider=meter_provider)
        self._user_ids = user_ids
        self._watched: list[Watched] = []
        self._events = self._meter.create_counter(
            "jwtkit.events", unit="{event}", description="What happened, by name and outcome."
        )

    def emit(self, event: AuthEvent, /) -> None:
        """Count one event, and set attributes on the current span."""
        outcome = "success" if event.outcome else "failure"
        reason = event.reason
        if reason and reason not in METRIC_REASONS:
            reason = "other"
        labels = {
            "jwtkit.realm": event.realm,
            "jwtkit.event": event.name.value,
            "jwtkit.outcome": outcome,
            "jwtkit.reason": reason,
        }
        self._events.add(1, labels)
        span = trace.get_current_span()
        if span.is_recording():
            # A name of its own for each event: one request may log in and end a session.
            span.set_attribute(f"jwtkit.event.{event.name.value}", event.reason or outcome)
            if self._user_ids and event.subject is not None:
                span.set_attribute("user.id", event.subject)

    def watch(self, kit: Watched) -> None:
        """Make gauges and counters of a kit's vitals, read whenever metrics are collected."""
        self._watched.append(kit)
        if len(self._watched) == 1:
            self._observe_vitals()

    def _observe_vitals(self) -> None:
        """Make the instruments, once for all kits: a name may be given to one only."""
        for name, unit, description in _GAUGES:
            self._meter.create_observable_gauge(
                f"jwtkit.{name}", [self._each(name)], unit=unit, description=description
            )
        for name, unit, description in _COUNTERS:
            self._meter.create_observable_counter(
                f"jwtkit.{name}", [self._each(name)], unit=unit, description=description
            )

    def _each(self, name: str) -> _Observe:
        read = _READ[name]

        def observe(_: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
            for kit in self._watched:
                value = read(kit.vitals())
                if value is not None:
                    yield metrics.Observation(value, {"jwtkit.realm": kit.realm})

        return observe
