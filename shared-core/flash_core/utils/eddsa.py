"""The signature algorithm of users' tokens: `EdDSA` with Ed25519 keys (RFC 8037)."""

from typing import Any, Final

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

ALGORITHM: Final = "EdDSA"


class EdDsaRegistry(JWSRegistry):
    """Allows this algorithm only. joserfc warns at each use that RFC 9864 renames it to `Ed25519`; it stays because
    the verifiers that people have (PyJWT, gateways) know the old name, and the key's curve says the same.
    """

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]
