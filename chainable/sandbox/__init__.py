"""What the sandboxes of all gateways share: who may steer them, what a request may take, what a header may hold."""
