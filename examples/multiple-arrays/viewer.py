"""Takes the arrays apart again, without copying them."""

from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        state = event["value"]
        joints = state.field("joints")[0].values.to_numpy()
        names = state.field("names")[0].values.to_pylist()
        image = state.field("image")[0].values.to_numpy().reshape(event["metadata"]["image_shape"])
        print(f"{joints.dtype} {joints.shape}, {names}, {image.dtype} {image.shape}")
