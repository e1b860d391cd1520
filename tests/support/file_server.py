"""An HTTP or HTTPS server on this machine, for tests that download."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["CERTIFICATE", "FileServer"]

# Whoever is to trust the HTTPS server is given this as SSL_CERT_FILE.
CERTIFICATE = Path(__file__).with_name("localhost.pem")


class FileServer:
    """Serves what `files` holds, by path, and remembers in `asked` what was asked for."""

    def __init__(self, is_secure=False):
        self.files = {}
        self.asked = []
        # So many bytes less are sent than announced.
        self.missing = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                body = server.files.get(self.path.partition("?")[0])
                self.send_response(200 if body is not None else 404)
                body = body or b""
                kind = "text/html" if self.path.endswith("/") else "application/octet-stream"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body) + server.missing))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if is_secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            # Each handshake in the thread of its request.
            self.http.socket = context.wrap_socket(
                self.http.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if is_secure else "http"
        self.url = f"{scheme}://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
