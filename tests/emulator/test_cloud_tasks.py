"""The local Cloud Tasks endpoint keeps the promises of its module, spoken to by the real google-cloud-tasks client."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.cloud import tasks_v2
from google.protobuf import duration_pb2, timestamp_pb2

from infra.retries import RetryConfig
from local.cloud_tasks import LocalCloudTasks
from tests.receiver import Receiver
from tests.waiting import wait_until

ReceiverMaker = Callable[..., Receiver]


@pytest.fixture
def client(tasks_server: LocalCloudTasks) -> tasks_v2.CloudTasksClient:
    endpoint = f"http://{tasks_server.host}"
    return tasks_v2.CloudTasksClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
    )


def post(url: str, **more: Any) -> tasks_v2.HttpRequest:
    return tasks_v2.HttpRequest(url=url, http_method=tasks_v2.HttpMethod.POST, **more)


def quick_queue(tasks: LocalCloudTasks, project: str, **more: Any) -> str:
    retry = RetryConfig(min_backoff_seconds=0.05, max_backoff_seconds=0.2, **more)
    return tasks.create_queue(f"projects/{project}/locations/europe-west1/queues/retrain", retry).name


def test_a_task_arrives_with_its_method_body_and_headers(
    client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    request = post(
        f"{server.url}/train?x=1", body=b'{"reason": "manual"}', headers={"Content-Type": "application/json"}
    )

    created = client.create_task(parent=queue, task=tasks_v2.Task(name=f"{queue}/tasks/run-7", http_request=request))

    [got] = server.wait_for(1)
    assert created.name == f"{queue}/tasks/run-7"
    assert (got.method, got.path, got.body) == ("POST", "/train?x=1", b'{"reason": "manual"}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "Google-Cloud-Tasks"


def test_the_headers_carry_the_short_names_of_queue_and_task(
    client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()

    client.create_task(parent=queue, task=tasks_v2.Task(name=f"{queue}/tasks/run-7", http_request=post(server.url)))

    [got] = server.wait_for(1)
    assert got.headers["x-cloudtasks-queuename"] == "retrain"
    assert got.headers["x-cloudtasks-taskname"] == "run-7"
    assert got.headers["x-cloudtasks-taskretrycount"] == "0"
    assert float(got.headers["x-cloudtasks-tasketa"]) <= got.at


def test_a_name_waiting_in_the_queue_is_refused(client: tasks_v2.CloudTasksClient, queue: str) -> None:
    later = timestamp_pb2.Timestamp(seconds=int(time.time()) + 3600)
    task = tasks_v2.Task(name=f"{queue}/tasks/run-7", http_request=post("http://127.0.0.1:9"), schedule_time=later)
    client.create_task(parent=queue, task=task)

    with pytest.raises(Conflict):
        client.create_task(parent=queue, task=task)


def test_a_name_is_remembered_after_its_task_is_done(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    task = tasks_v2.Task(name=f"{queue}/tasks/run-7", http_request=post(server.url))
    client.create_task(parent=queue, task=task)
    server.wait_for(1)
    wait_until(lambda: not tasks_server.pending(queue))

    with pytest.raises(Conflict):
        client.create_task(parent=queue, task=task)


def test_a_queue_may_forget_names_at_once(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, project: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    queue = f"projects/{project}/locations/europe-west1/queues/retrain"
    tasks_server.create_queue(queue, remember_names_seconds=0)
    task = tasks_v2.Task(name=f"{queue}/tasks/run-7", http_request=post(server.url))
    client.create_task(parent=queue, task=task)
    server.wait_for(1)
    wait_until(lambda: not tasks_server.pending(queue))

    client.create_task(parent=queue, task=task)

    server.wait_for(2)


def test_a_task_is_not_delivered_before_its_schedule_time(
    client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    due = time.time() + 1.2
    later = timestamp_pb2.Timestamp(seconds=int(due), nanos=int(due % 1 * 1e9))

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url), schedule_time=later))

    [got] = server.wait_for(1)
    assert got.at >= due


def test_a_task_scheduled_late_does_not_hold_up_the_next(
    client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    later = timestamp_pb2.Timestamp(seconds=int(time.time()) + 3600)
    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(f"{server.url}/late"), schedule_time=later))

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(f"{server.url}/now")))

    assert [got.path for got in server.wait_for(1)] == ["/now"]


def test_whatever_is_not_2xx_is_tried_again_until_it_is(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, project: str, receiver: ReceiverMaker
) -> None:
    server = receiver(503, 500, 404, 302, 200)
    queue = quick_queue(tasks_server, project)

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url)))

    attempts = server.wait_for(5)
    wait_until(lambda: not tasks_server.pending(queue))
    assert [got.headers["x-cloudtasks-taskretrycount"] for got in attempts] == ["0", "1", "2", "3", "4"]
    assert attempts[1].headers["x-cloudtasks-taskpreviousresponse"] == "503"
    assert len(server.received) == 5


def test_nobody_listening_is_tried_again(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, project: str
) -> None:
    queue = quick_queue(tasks_server, project)

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post("http://127.0.0.1:9")))

    wait_until(lambda: any(task.attempts >= 2 for task in tasks_server.pending(queue)))
    assert [task.responses for task in tasks_server.pending(queue)] == [0]


def test_a_queue_gives_up_after_its_last_attempt(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, project: str, receiver: ReceiverMaker
) -> None:
    server = receiver(500)
    queue = quick_queue(tasks_server, project, max_attempts=3)

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url)))

    server.wait_for(3)
    wait_until(lambda: not tasks_server.pending(queue))
    assert len(server.received) == 3


def test_one_task_at_a_time_per_queue(client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker) -> None:
    server = receiver(seconds=0.2)

    for _ in range(4):
        client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url)))

    server.wait_for(4)
    assert server.most_at_once == 1


def test_an_oidc_token_arrives_as_cloud_run_hands_it_on(
    client: tasks_v2.CloudTasksClient, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    token = tasks_v2.OidcToken(service_account_email="caller@p.iam.gserviceaccount.com", audience="https://retrain")

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url, oidc_token=token)))

    [got] = server.wait_for(1)
    scheme, _, encoded = got.headers["authorization"].partition(" ")
    _, middle, signature = encoded.split(".")
    claims = json.loads(base64.urlsafe_b64decode(middle + "=="))
    assert (scheme, signature) == ("Bearer", "SIGNATURE_REMOVED_BY_GOOGLE")
    assert (claims["email"], claims["aud"]) == ("caller@p.iam.gserviceaccount.com", "https://retrain")
    assert claims["exp"] > time.time()


def test_a_paused_queue_accepts_and_holds_back(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    tasks_server.pause(queue)

    client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url)))

    assert len(list(client.list_tasks(parent=queue))) == 1
    assert client.get_queue(name=queue).state == tasks_v2.Queue.State.PAUSED
    tasks_server.pause(queue, is_paused=False)
    server.wait_for(1)


def test_a_scheduled_task_can_be_looked_at_run_now_and_deleted(
    client: tasks_v2.CloudTasksClient, tasks_server: LocalCloudTasks, queue: str, receiver: ReceiverMaker
) -> None:
    server = receiver()
    later = timestamp_pb2.Timestamp(seconds=int(time.time()) + 3600)
    first, second = (
        client.create_task(parent=queue, task=tasks_v2.Task(http_request=post(server.url), schedule_time=later))
        for _ in range(2)
    )

    seen = client.get_task(name=first.name)
    client.delete_task(name=second.name)
    client.run_task(name=first.name)

    server.wait_for(1)
    wait_until(lambda: not tasks_server.pending(queue))
    assert seen.schedule_time.timestamp() == later.seconds
    with pytest.raises(NotFound):
        client.get_task(name=second.name)


def test_an_unknown_queue_is_not_found(client: tasks_v2.CloudTasksClient, queue: str) -> None:
    task = tasks_v2.Task(http_request=post("http://127.0.0.1:9"))

    with pytest.raises(NotFound):
        client.create_task(parent=f"{queue}-other", task=task, retry=Retry(timeout=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "elsewhere/tasks/run-7"},
        {"name": "{queue}/tasks/run 7"},
        {"dispatch_deadline": duration_pb2.Duration(seconds=3600)},
        {"schedule_time": timestamp_pb2.Timestamp(seconds=int(time.time()) + 40 * 86_400)},
        {"http_request": tasks_v2.HttpRequest(url="ftp://x")},
    ],
    ids=["another queue's name", "a blank in the name", "a deadline of an hour", "a date 40 days out", "no http"],
)
def test_what_google_refuses_is_refused(client: tasks_v2.CloudTasksClient, queue: str, wrong: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"http_request": post("http://127.0.0.1:9"), **wrong}
    if "name" in fields:
        fields["name"] = fields["name"].format(queue=queue)

    with pytest.raises(BadRequest):
        client.create_task(parent=queue, task=tasks_v2.Task(**fields))
