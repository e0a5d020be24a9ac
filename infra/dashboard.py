"""One page in Cloud Monitoring: is it trained, is it counted, is it served."""

from __future__ import annotations

from typing import Any

from infra.alerts import ENDED, ERRORS, REQUESTS, SERVICE, WAITING
from infra.settings import InfraSettings

LATENCIES = "run.googleapis.com/request_latencies"
DEPTH = "cloudtasks.googleapis.com/queue/depth"
SLOWEST = "ALIGN_PERCENTILE_99"
BY_CODE = "metric.label.response_code_class"


def dashboard(settings: InfraSettings) -> dict[str, Any]:
    def of(metric: str, door: str) -> str:
        return f'metric.type="{metric}" {SERVICE} resource.label."service_name"="{settings.function(door)}"'

    queue = f'resource.type="cloud_tasks_queue" resource.label."queue_id"="{settings.queue}"'
    dead = f'resource.type="pubsub_subscription" resource.label."subscription_id"="{settings.dead_subscription}"'
    user = "logging.googleapis.com/user"
    charts = [
        _chart("Retrains by outcome", f'metric.type="{user}/{ENDED}"', by="metric.label.status"),
        _chart("Retrain duration (99th percentile, ms)", of(LATENCIES, "retrain"), SLOWEST),
        _chart("Deliveries to on_appointment", of(REQUESTS, "on_appointment"), by=BY_CODE),
        _chart("Delivery errors", f'metric.type="{user}/{ERRORS}"'),
        _chart("Forecast requests", of(REQUESTS, "forecast"), by=BY_CODE),
        _chart("Forecast latency (99th percentile, ms)", of(LATENCIES, "forecast"), SLOWEST),
        _chart("Tasks in the queue", f'metric.type="{DEPTH}" {queue}', "ALIGN_MAX"),
        _chart("Dead deliveries", f'metric.type="{WAITING}" {dead}', "ALIGN_MAX"),
    ]
    tiles = [
        {"width": 6, "height": 4, "xPos": 6 * (place % 2), "yPos": 4 * (place // 2), "widget": chart}
        for place, chart in enumerate(charts)
    ]
    return {"displayName": settings.dashboard, "mosaicLayout": {"columns": 12, "tiles": tiles}}


def _chart(title: str, metric: str, aligner: str = "ALIGN_DELTA", by: str = "") -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": "300s",
        "perSeriesAligner": aligner,
        "crossSeriesReducer": "REDUCE_MAX" if aligner == SLOWEST else "REDUCE_SUM",
        "groupByFields": [by] if by else [],
    }
    query = {"timeSeriesFilter": {"filter": metric, "aggregation": aggregation}}
    return {"title": title, "xyChart": {"dataSets": [{"plotType": "LINE", "timeSeriesQuery": query}]}}
