import logging

from dora import Node

node = Node()
print("plain text")
logging.info("starting")
logging.debug("too small to matter")
logging.getLogger("power").warning("battery low", extra={"percent": 12})
node.log("info", "processed item", {"count": "3"})
