from dora import Node

node = Node()
for event in node:
    match event["type"]:
        case "INPUT":
            print(f"message {event['metadata']['number']}: {event['value'].to_pylist()}")
        case "INPUT_CLOSED":
            print(f"Input {event['id']} closed")
        case "STOP":
            break
