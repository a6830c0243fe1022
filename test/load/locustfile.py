"""The load test's users for Locust: locust -f test/load/locustfile.py --headless -u 50 -t 60s -H http://localhost:8000

They send the examples that the server's own API document gives, so any model can be asked; of a server without one, what
LOAD_BODY holds. A server that wants a token gets that of API_TOKEN.
"""

import json
import os
import random
from urllib.request import urlopen

from locust import FastHttpUser, between, events, task

bodies = []
token = os.environ.get("API_TOKEN")
headers = {"authorization": f"Bearer {token}"} if token else {}


@events.test_start.add_listener
def read_example(environment, **_):
    if "LOAD_BODY" in os.environ:
        bodies.append(json.loads(os.environ["LOAD_BODY"]))
        return
    document = json.load(urlopen(f"{environment.host}/docs/json"))
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    bodies.extend([content["example"]] if "example" in content else [one["value"] for one in content["examples"].values()])


class User(FastHttpUser):
    wait_time = between(0.05, 0.15)  # a user reads before asking again

    @task
    def predict(self):
        self.client.post("/predict", json=random.choice(bodies), headers=headers)
