"""Deploying Restock to Google Cloud and back, with the real gcloud and nothing but Python's standard library.

A command is built apart from being run (:mod:`infra.command`), so that a plan can print it and a test can read it.
What stands is read first (:mod:`infra.standing`), each file in :mod:`infra.parts` compares it with what should stand,
and :mod:`infra.deploy` runs the difference.
"""
