"""What is watched: metrics made of the functions' own log lines, and the alerts, each with its page in the runbook.

An event that matters by itself (a failed run, a refused model, drift, a delivery given up) is matched in the log: the
notification then carries the line that says why, and costs nothing while it is quiet. A state (old model, failing
answers, messages waiting) is a condition on a metric; those are billed, so there are five.

A chain has no alert a shop: what befalls one is matched with the shop in its line, failed runs are told once a shop has
learnt nothing for two days (until then they are repeated), and errors are counted against the number of shops.
"""

from __future__ import annotations

from typing import Any

from infra.chain import errors_that_alarm
from infra.settings import SWEEP, InfraSettings
from restock.counting import rejected
from restock.sweeping.turn import BEHIND

RUNBOOK = "docs/runbook.md"
ENDED_WELL = ("published", "unchanged", "empty")
"""Of the outcomes of restock/retraining/run.py: those after which the model is as new as it can be."""

SERVICE = 'resource.type="cloud_run_revision"'
REQUESTS = "run.googleapis.com/request_count"
WAITING = "pubsub.googleapis.com/subscription/num_undelivered_messages"
OLDEST = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"
UNSERVABLE = "cannot be served|bucket .* does not exist|the pointer is missing"
"""What restock/serving/live_model.py says of a model that is not there, or that this release does not read."""
ENDED, ERRORS, SWEPT = "restock_retrain_ended", "restock_on_appointment_errors", "restock_swept"
HOUR, DAY = "3600s", "86400s"


def metrics(settings: InfraSettings) -> dict[str, dict[str, Any]]:
    """Log-based metrics by name."""
    label = [{"key": "status", "valueType": "STRING"}, {"key": "reason", "valueType": "STRING"}]
    learning = f'{log_of(settings, "retrain")} AND jsonPayload.component="retrain"'
    swept: dict[str, dict[str, Any]] = {}
    if settings.chain:
        learning = f"(({learning}) OR ({log_of(settings, SWEEP)}))"
        swept[SWEPT] = {
            "description": "Tasks of the sweep that came to their end",
            "filter": f'{log_of(settings, SWEEP)} AND jsonPayload.message=~"^swept"',
            "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64"},
        }
    return {
        ENDED: {
            "description": "Retrains that ended, by how",
            "filter": f"{learning} AND jsonPayload.status:*",
            "labelExtractors": {"status": "EXTRACT(jsonPayload.status)", "reason": "EXTRACT(jsonPayload.reason)"},
            "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": label},
        },
        ERRORS: {
            "description": "Deliveries on_appointment failed on or gave up",
            "filter": f"{log_of(settings, 'on_appointment')} AND severity>=ERROR",
            "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64"},
        },
        **swept,
    }


def alerts(settings: InfraSettings, channel: str) -> list[dict[str, Any]]:
    """Alert policies, in the order of the runbook."""
    retrain, on_appointment = log_of(settings, "retrain"), log_of(settings, "on_appointment")
    forecast = f'resource.labels.service_name="{settings.function("forecast")}"'
    dead = f'resource.labels.subscription_id="{settings.dead_subscription}"'
    carries = f"eventarc-.*-{settings.function('on_appointment')}-.*"  # as Eventarc names what it makes
    trigger = f'resource.labels.subscription_id=monitoring.regex.full_match("{carries}")'
    given_up = 'jsonPayload.message=~"^not counted: " OR jsonPayload.message:"too old to merge"'
    if settings.chain:
        retrain = f"(({retrain}) OR ({log_of(settings, SWEEP)}))"
    most = errors_that_alarm(settings)
    conditions = {
        **(_of_sweep(settings) if settings.chain else _of_retrains(settings)),
        "a new model was refused": _logged(f'{retrain} AND jsonPayload.status="refused"'),
        "most completions were not counted": _logged(f'{retrain} AND jsonPayload.kind="{rejected.KIND}"'),
        "drift was found and repaired": _logged(f'{retrain} AND jsonPayload.message=~"^drift: "'),
        "a published version cannot be served": _logged(
            f'{log_of(settings, "forecast")} AND severity>=ERROR AND jsonPayload.message=~"{UNSERVABLE}"'
        ),
        "forecast answers with errors": _more_than(
            most,
            "server errors in 10 minutes",
            f'metric.type="{REQUESTS}" AND {SERVICE} AND {forecast} AND metric.labels.response_code_class="5xx"',
        ),
        "an appointment was not counted": _logged(f"{on_appointment} AND severity>=ERROR AND ({given_up})"),
        "on_appointment fails": _more_than(
            most, "errors in 10 minutes", f'metric.type="logging.googleapis.com/user/{ERRORS}" AND {SERVICE}'
        ),
        # A lost role of the caller is a 403, logged below ERROR: but for this one nobody would hear of it for 16 hours.
        "deliveries wait for on_appointment": _more_than(
            30 * 60,
            "seconds the oldest delivery has waited",
            f'metric.type="{OLDEST}" AND resource.type="pubsub_subscription" AND {trigger}',
            aligner="ALIGN_MAX",
        ),
        "dead deliveries wait": _more_than(
            0,
            "messages wait for replay",
            f'metric.type="{WAITING}" AND resource.type="pubsub_subscription" AND {dead}',
            aligner="ALIGN_MAX",
        ),
    }
    return [_policy(channel, title, condition) for title, condition in conditions.items()]


def _of_retrains(settings: InfraSettings) -> dict[str, dict[str, Any]]:
    failed = 'severity>=ERROR AND jsonPayload.status="failed"'
    hours, well = 2 * settings.schedule_interval_hours(), f'status=~"{"|".join(ENDED_WELL)}"'
    return {
        "a retrain failed": _logged(
            f'{log_of(settings, "retrain")} AND (({failed}) OR jsonPayload.message:"no lease" OR '
            'textPayload:"Memory limit")'
        ),
        "the model is older than two schedule intervals": _none_for(
            hours,
            f"no retrain ended well for {hours} hours",
            f'{ENDED}{{monitored_resource="cloud_run_revision",{well}}}',
        ),
    }


def _of_sweep(settings: InfraSettings) -> dict[str, dict[str, Any]]:
    sweep, hours = log_of(settings, SWEEP), 2 * settings.schedule_interval_hours()
    return {
        BEHIND: _logged(f'{sweep} AND jsonPayload.message:"{BEHIND}"'),
        "no sweep came to its end": _none_for(
            hours, f"no task of the sweep ended for {hours} hours", f'{SWEPT}{{monitored_resource="cloud_run_job"}}'
        ),
    }


def log_of(settings: InfraSettings, door: str) -> str:
    if door == SWEEP:
        return f'resource.type="cloud_run_job" AND resource.labels.job_name="{settings.sweep_job}"'
    return f'{SERVICE} AND resource.labels.service_name="{settings.function(door)}"'


def _policy(channel: str, title: str, condition: dict[str, Any]) -> dict[str, Any]:
    strategy: dict[str, Any] = {"autoClose": "604800s"}
    if "conditionMatchedLog" in condition:  # Google wants a limit exactly for these
        # What is said every hour of the same shops is told once a day.
        strategy["notificationRateLimit"] = {"period": DAY if title == BEHIND else HOUR}
    page = f"What it means and what to type: {RUNBOOK}, section '{title[0].upper()}{title[1:]}'."
    return {
        "displayName": f"Restock: {title}",
        "combiner": "OR",
        "enabled": True,
        "conditions": [{"displayName": title, **condition}],
        "notificationChannels": [channel],
        "documentation": {"mimeType": "text/markdown", "content": page},
        "alertStrategy": strategy,
    }


def _logged(log_filter: str) -> dict[str, Any]:
    return {"conditionMatchedLog": {"filter": log_filter, "labelExtractors": {"why": "EXTRACT(jsonPayload.message)"}}}


def _none_for(hours: int, what: str, series: str) -> dict[str, Any]:
    """Absence over more than a day: only PromQL looks back so far."""
    return {
        "displayName": what,
        "conditionPrometheusQueryLanguage": {
            "query": f"(sum(increase(logging_googleapis_com:user_{series}[{hours}h])) or vector(0)) < 1",
            "duration": "3600s",
            "evaluationInterval": "3600s",
            # Right after the first deploy the metric has no data yet, and Google would refuse the query.
            "disableMetricValidation": True,
        },
    }


def _more_than(number: int, what: str, metric: str, aligner: str = "ALIGN_DELTA") -> dict[str, Any]:
    reducer = "REDUCE_MAX" if aligner == "ALIGN_MAX" else "REDUCE_SUM"
    sums = {"alignmentPeriod": "600s", "perSeriesAligner": aligner, "crossSeriesReducer": reducer}
    return {
        "displayName": f"more than {number} {what}",
        "conditionThreshold": {
            "filter": metric,
            "comparison": "COMPARISON_GT",
            "thresholdValue": number,
            "duration": "0s",
            "aggregations": [sums],
        },
    }
