"""What operators do with each client of tritonclient: index, load, unload, statistics, configuration.

Usage: tritonclient_operate.py <gRPC host:port> <REST host:port>
"""

import numpy as np
from tritonclients import print_report, refusal

MODEL = "simple_sum"
PAIR = [("a", "FP64", np.array([1.0, 2.0])), ("b", "FP64", np.array([10.0, 20.0]))]


async def entry(client):
    """The model's line of the repository index. gRPC's is an object with a list, HTTP's is the list."""
    index = await client.described("get_model_repository_index")
    lines = index if isinstance(index, list) else index["models"]
    return next(({**line} for line in lines if line["name"] == MODEL), None)


async def counts(client):
    """How often the model was asked, by outcome. Protobuf's JSON has 64-bit integers as text, and leaves out zeros."""
    answer = await client.described("get_inference_statistics", MODEL)
    [statistics] = answer["model_stats"]
    durations = statistics["inference_stats"]
    count = lambda outcome: int(durations.get(outcome, {}).get("count", 0))
    return {
        "name": statistics["name"],
        "version": statistics["version"],
        "inferences": int(statistics.get("inference_count", 0)),
        "executions": int(statistics.get("execution_count", 0)),
        "success": count("success"),
        "fail": count("fail"),
        "computeNs": int(durations.get("compute_infer", {}).get("ns", 0)),
    }


async def use(client):
    answer = await client.infer(MODEL, PAIR, ["sum_result"])
    return answer.as_numpy("sum_result").tolist()


async def statistics(client):
    before = await counts(client)
    for _ in range(3):
        await use(client)
    await refusal(client.infer(MODEL, PAIR[:1], ["sum_result"]))
    everything = await client.described("get_inference_statistics")
    return {
        "before": before,
        "after": await counts(client),
        "models": sorted({line["name"] for line in everything["model_stats"]}),
        "unknown": await refusal(client.described("get_inference_statistics", "no-such-model")),
    }


async def load_and_unload(client):
    listed = await entry(client)
    await client.call("unload_model", MODEL)
    unloaded = {
        "entry": await entry(client),
        "ready": await client.call("is_model_ready", MODEL),
        "serverReady": await client.call("is_server_ready"),
        "infer": await refusal(use(client)),
    }
    await client.call("load_model", MODEL)
    return {
        "listed": listed,
        "unloaded": unloaded,
        "loaded": {
            "entry": await entry(client),
            "ready": await client.call("is_model_ready", MODEL),
            "sum": await use(client),
        },
        "unknownLoad": await refusal(client.call("load_model", "no-such-model")),
        "unknownUnload": await refusal(client.call("unload_model", "no-such-model")),
    }


async def configuration(client):
    """gRPC's answer wraps the configuration, HTTP's is it."""
    answer = await client.described("get_model_config", "simple")
    config = answer if client.over_http else answer["config"]
    tensors = lambda side: [[line["name"], line["data_type"], [int(size) for size in line["dims"]]] for line in config[side]]
    return {
        "name": config["name"],
        "batch": int(config.get("max_batch_size", 0)),
        "inputs": tensors("input"),
        "outputs": tensors("output"),
    }


async def ask(client):
    return {
        "repository": await load_and_unload(client),
        "statistics": await statistics(client),
        "configuration": await configuration(client),
        "notServed": {
            name: await refusal(client.described(method))
            for name, method in {
                "trace": "get_trace_settings",
                "log": "get_log_settings",
                "system": "get_system_shared_memory_status",
                "cuda": "get_cuda_shared_memory_status",
            }.items()
        },
        "live": await client.call("is_server_live"),
    }


print_report(ask)
