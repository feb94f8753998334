"""AWS KMS: keys and their aliases."""

TYPES = {
    "Alias": "aliases",
    "Ciphertext": "ciphertexts",
    "Key": "keys",
    "KeyPolicy": "keys",
}
FUNCTIONS = {
    "getAlias": "lookups",
    "getCipherText": "ciphertexts",
    "getKey": "lookups",
    "getPublicKey": "lookups",
}
