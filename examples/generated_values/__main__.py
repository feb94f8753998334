"""Values that are generated once and kept, beside a resource that uses one."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pulumi_tls as tls

config = pulumi.Config()
words = config.get_int("words") or 2

pet = random.RandomPet("name", length=words)
password = random.RandomPassword("admin", length=20, override_special="-_")
key = tls.PrivateKey("login", algorithm="ED25519")
bucket = aws.s3.Bucket("named", tags={"Pet": pet.id}, force_destroy=True)

pulumi.export("pet", pet.id)
pulumi.export("bucket", bucket.bucket)
pulumi.export("public_key", key.public_key_openssh)
pulumi.export("password", password.result)
