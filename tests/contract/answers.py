"""Asking API v1 in tests."""

from __future__ import annotations


def get(client, path, **query):
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.json


def refused(client, path, status=400, **query):
    answer = client.get(path, query_string=query)
    assert answer.status_code == status, answer.data
    assert answer.json["status"] == "error"
    return answer.json
