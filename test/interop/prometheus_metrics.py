"""Reads /metrics with the parser of Prometheus' own Python client, before and after inferences over REST."""

import json
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

_, _, rest = sys.argv
BASE = f"http://{rest}"
INPUT = {"name": "x", "datatype": "FP64", "shape": [2], "data": [1, 2]}


def scrape():
    """The samples of every family, by the family's name and the model in its labels."""
    with urllib.request.urlopen(f"{BASE}/metrics") as answer:
        text = answer.read().decode()
    return {
        family.name: {sample.labels.get("model", ""): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
    }


def infer():
    body = json.dumps({"inputs": [INPUT]}).encode()
    with urllib.request.urlopen(f"{BASE}/v2/models/simple_scaler/infer", body) as answer:
        answer.read()


before = scrape()
for _ in range(3):
    infer()
after = scrape()


def grown(family):
    return after[family]["simple_scaler"] - before[family]["simple_scaler"]


print(
    json.dumps(
        {
            "triton": grown("nv_inference_request_success"),
            "mlserver": grown("model_infer_request_success"),
            "ready": after["kserve_env_model_ready"]["simple_scaler"],
            "residentBytes": after["process_resident_memory_bytes"][""],
        }
    )
)
