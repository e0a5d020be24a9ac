"""What is watched: metrics made of the functions' own log lines, and the alerts, each with its page in the runbook.

An event that matters by itself (a failed run, a refused model, drift, a delivery given up) is matched in the log: the
notification then carries the line that says why, and costs nothing while it is quiet. A state (old model, failing
answers, messages waiting) is a condition on a metric; those are billed, so there are four.
"""

from __future__ import annotations

from typing import Any

from infra.settings import InfraSettings

RUNBOOK = "docs/runbook.md"
ENDED_WELL = (
    "published",
    "unchanged",
    "empty",
)  # of restock/training/run.py's outcomes: the model is as new as it can be


def metrics(settings: InfraSettings) -> dict[str, dict[str, Any]]:
    """Log-based metrics by name."""
    service = 'resource.type="cloud_run_revision" AND resource.labels.service_name='
    return {
        "restock_retrain_ended": {
            "description": "Retrains that ended, by how",
            "filter": f'{service}"{settings.function("retrain")}" AND jsonPayload.component="retrain" AND jsonPayload.status:*',
            "labelExtractors": {"status": "EXTRACT(jsonPayload.status)", "reason": "EXTRACT(jsonPayload.reason)"},
            "metricDescriptor": {
                "metricKind": "DELTA",
                "valueType": "INT64",
                "labels": [{"key": "status", "valueType": "STRING"}, {"key": "reason", "valueType": "STRING"}],
            },
        },
        "restock_on_appointment_errors": {
            "description": "Deliveries on_appointment failed on or gave up",
            "filter": f'{service}"{settings.function("on_appointment")}" AND severity>=ERROR',
            "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64"},
        },
    }


def alerts(settings: InfraSettings, channel: str) -> list[dict[str, Any]]:
    """Alert policies, in the order of the runbook."""
    hours = 2 * settings.schedule_interval_hours()
    retrain_log = _log_of(settings, "retrain")
    series = "logging_googleapis_com:user_restock_retrain_ended"
    well = "|".join(ENDED_WELL)
    return [
        _policy(channel, "a retrain failed", "CRITICAL", _matched(
            f'{retrain_log} AND ((severity>=ERROR AND jsonPayload.status="failed") OR jsonPayload.message:"no lease"'
            ' OR textPayload:"Memory limit")')),
        _policy(channel, "the model is older than two schedule intervals", "WARNING", {
            "displayName": f"no retrain ended well for {hours} hours",
            "conditionPrometheusQueryLanguage": {
                "query": f'(sum(increase({series}{{monitored_resource="cloud_run_revision",status=~"{well}"}}[{hours}h]))'
                         " or vector(0)) < 1",
                "duration": "3600s",
                "evaluationInterval": "3600s",
                # Right after the first deploy the metric has no data yet, and Google would refuse the query.
                "disableMetricValidation": True,
            },
        }),
        _policy(channel, "a new model was refused", "WARNING", _matched(f'{retrain_log} AND jsonPayload.status="refused"')),
        _policy(channel, "drift was found and repaired", "WARNING", _matched(f'{retrain_log} AND jsonPayload.message=~"^drift: "')),
        _policy(channel, "forecast answers with errors", "CRITICAL", _more_than(
            5, "server errors in 10 minutes",
            'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"'
            f' AND resource.labels.service_name="{settings.function("forecast")}" AND metric.labels.response_code_class="5xx"')),
        _policy(channel, "an appointment was not counted", "WARNING", _matched(
            f'{_log_of(settings, "on_appointment")} AND severity>=ERROR AND'
            ' (jsonPayload.message=~"^not counted: " OR jsonPayload.message:"too old to merge")')),
        _policy(channel, "on_appointment fails", "CRITICAL", _more_than(
            5, "errors in 10 minutes",
            'metric.type="logging.googleapis.com/user/restock_on_appointment_errors" AND resource.type="cloud_run_revision"')),
        _policy(channel, "dead deliveries wait", "CRITICAL", _more_than(
            0, "messages wait for replay",
            'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.type="pubsub_subscription"'
            f' AND resource.labels.subscription_id="{settings.dead_subscription}"', aligner="ALIGN_MAX")),
    ]  # fmt: skip


def dashboard(settings: InfraSettings) -> dict[str, Any]:
    """One page: is it trained, is it counted, is it served."""
    requests = 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"'
    latencies = 'metric.type="run.googleapis.com/request_latencies" resource.type="cloud_run_revision"'
    name = 'resource.label."service_name"='
    charts = [
        ("Retrains by outcome", 'metric.type="logging.googleapis.com/user/restock_retrain_ended"', "ALIGN_DELTA", ["metric.label.status"]),
        ("Retrain duration (99th percentile, ms)", f'{latencies} {name}"{settings.function("retrain")}"', "ALIGN_PERCENTILE_99", []),
        ("Deliveries to on_appointment", f'{requests} {name}"{settings.function("on_appointment")}"', "ALIGN_DELTA", ["metric.label.response_code_class"]),
        ("Delivery errors", 'metric.type="logging.googleapis.com/user/restock_on_appointment_errors"', "ALIGN_DELTA", []),
        ("Forecast requests", f'{requests} {name}"{settings.function("forecast")}"', "ALIGN_DELTA", ["metric.label.response_code_class"]),
        ("Forecast latency (99th percentile, ms)", f'{latencies} {name}"{settings.function("forecast")}"', "ALIGN_PERCENTILE_99", []),
        ("Tasks in the queue", f'metric.type="cloudtasks.googleapis.com/queue/depth" resource.type="cloud_tasks_queue" resource.label."queue_id"="{settings.queue}"', "ALIGN_MAX", []),
        ("Dead deliveries", f'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" resource.type="pubsub_subscription" resource.label."subscription_id"="{settings.dead_subscription}"', "ALIGN_MAX", []),
    ]  # fmt: skip
    return {
        "displayName": settings.dashboard,
        "mosaicLayout": {
            "columns": 12,
            "tiles": [
                {"width": 6, "height": 4, "xPos": 6 * (place % 2), "yPos": 4 * (place // 2), "widget": _chart(*chart)}
                for place, chart in enumerate(charts)
            ],
        },
    }


def _log_of(settings: InfraSettings, door: str) -> str:
    return f'resource.type="cloud_run_revision" AND resource.labels.service_name="{settings.function(door)}"'


def _policy(channel: str, title: str, severity: str, condition: dict[str, Any]) -> dict[str, Any]:
    policy = {
        "displayName": f"Restock: {title}",
        "combiner": "OR",
        "severity": severity,
        "conditions": [{"displayName": title, **condition}],
        "notificationChannels": [channel],
        "documentation": {
            "mimeType": "text/markdown",
            "content": f"What it means and what to type: {RUNBOOK}, section '{title[0].upper()}{title[1:]}'.",
        },
        "alertStrategy": {"autoClose": "604800s"},
    }
    if "conditionMatchedLog" in condition:  # Google wants a limit exactly for these
        policy["alertStrategy"]["notificationRateLimit"] = {"period": "3600s"}  # type: ignore[index]
    return policy


def _matched(log_filter: str) -> dict[str, Any]:
    return {"conditionMatchedLog": {"filter": log_filter, "labelExtractors": {"why": "EXTRACT(jsonPayload.message)"}}}


def _more_than(number: int, what: str, metric: str, aligner: str = "ALIGN_DELTA") -> dict[str, Any]:
    return {
        "displayName": f"more than {number} {what}",
        "conditionThreshold": {
            "filter": metric,
            "comparison": "COMPARISON_GT",
            "thresholdValue": number,
            "duration": "0s",
            "aggregations": [
                {"alignmentPeriod": "600s", "perSeriesAligner": aligner, "crossSeriesReducer": "REDUCE_SUM"}
            ],
        },
    }


def _chart(title: str, metric: str, aligner: str, by: list[str]) -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": "300s",
        "perSeriesAligner": aligner,
        "crossSeriesReducer": "REDUCE_SUM",
        "groupByFields": by,
    }
    if aligner.startswith("ALIGN_PERCENTILE"):
        aggregation["crossSeriesReducer"] = "REDUCE_MAX"
    query = {"timeSeriesFilter": {"filter": metric, "aggregation": aggregation}}
    return {"title": title, "xyChart": {"dataSets": [{"plotType": "LINE", "timeSeriesQuery": query}]}}
