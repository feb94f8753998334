"""Writers for one service each: `write(n)` makes something named after n, `missing(names)` says what is not there."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

Client = Callable[[str], Any]
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                   "Action": "sts:AssumeRole"}]})  # fmt: skip
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


class Writer:
    """What a service was told and has acknowledged, and a way to ask for it again."""

    service = ""

    def __init__(self, client: Client) -> None:
        self.api = client(self.service)
        self.acknowledged: list[Any] = []

    def prepare(self) -> None:
        """Make what the writes need."""

    def write(self, n: int) -> Any:
        """Make the n-th thing and return how it is found again."""
        raise NotImplementedError

    def present(self) -> Iterable[Any]:
        """Everything that is there."""
        raise NotImplementedError

    def missing(self) -> set[Any]:
        """What was acknowledged and is not there."""
        return set(self.acknowledged) - set(self.present())


class Sqs(Writer):
    service = "sqs"

    def prepare(self) -> None:
        self.url = self.api.create_queue(QueueName="q")["QueueUrl"]

    def write(self, n: int) -> Any:
        return self.api.send_message(QueueUrl=self.url, MessageBody=str(n))["MessageId"]

    def present(self) -> Iterable[Any]:
        handles: dict[str, str] = {}
        while batch := self._received():
            handles |= {message["MessageId"]: message["ReceiptHandle"] for message in batch}
        for handle in handles.values():
            self.api.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0)
        return handles

    def _received(self) -> list[dict[str, Any]]:
        answer = self.api.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


class S3(Writer):
    service = "s3"

    def prepare(self) -> None:
        self.api.create_bucket(Bucket="kill-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def write(self, n: int) -> Any:
        body = b"x" * (n * 997 % 20_000)
        self.api.put_object(Bucket="kill-bucket", Key=f"k{n}", Body=body)
        return f"k{n}", len(body)

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("list_objects_v2").paginate(Bucket="kill-bucket"):
            for row in page.get("Contents", []):
                body = self.api.get_object(Bucket="kill-bucket", Key=row["Key"])["Body"].read()
                yield row["Key"], len(body)


class DynamoDb(Writer):
    service = "dynamodb"

    def prepare(self) -> None:
        names = (("pk", "HASH"), ("sk", "RANGE"))
        self.api.create_table(
            TableName="items", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in names],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names],
        )  # fmt: skip

    def write(self, n: int) -> Any:
        key = {"pk": {"S": f"p{n % 7}"}, "sk": {"S": str(n)}}
        self.api.put_item(TableName="items", Item=key)
        if n % 3 == 0:
            self.api.update_item(TableName="items", Key=key, UpdateExpression="SET v = :v",
                                 ExpressionAttributeValues={":v": {"N": str(n)}})  # fmt: skip
        if n % 5 == 0:
            self.api.delete_item(TableName="items", Key=key)
            return f"-{n}"
        return f"{n}={n}" if n % 3 == 0 else str(n)

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("scan").paginate(TableName="items", ConsistentRead=True):
            for item in page["Items"]:
                yield item["sk"]["S"] + (f"={item['v']['N']}" if "v" in item else "")

    def missing(self) -> set[Any]:
        there = set(self.present())
        kept = {name for name in self.acknowledged if not name.startswith("-")}
        undeleted = {name for name in self.acknowledged if name[1:] in there and name.startswith("-")}
        return (kept - there) | undeleted


class Iam(Writer):
    service = "iam"

    def write(self, n: int) -> Any:
        self.api.create_role(RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST)
        self.api.put_role_policy(RoleName=f"r{n}", PolicyName="p", PolicyDocument=POLICY)
        return f"r{n}"

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if self.api.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["p"]:
                    yield role["RoleName"]


class Ec2(Writer):
    service = "ec2"

    def write(self, n: int) -> Any:
        vpc = self.api.create_vpc(CidrBlock=f"10.{n % 200}.0.0/16")["Vpc"]["VpcId"]
        self.api.create_tags(Resources=[vpc], Tags=[{"Key": "n", "Value": str(n)}])
        return vpc, str(n)

    def present(self) -> Iterable[Any]:
        for vpc in self.api.describe_vpcs()["Vpcs"]:
            tags = {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", [])}
            yield vpc["VpcId"], tags.get("n", "")


class Lambda(Writer):
    service = "lambda"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._iam = client("iam")

    def prepare(self) -> None:
        self._iam.create_role(RoleName="for-lambda", AssumeRolePolicyDocument=TRUST)
        self._role = self._iam.get_role(RoleName="for-lambda")["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as stream:
            stream.writestr("main.py", "def handler(event, context):\n    return event\n")
        self._code = archive.getvalue()

    def write(self, n: int) -> Any:
        made = self.api.create_function(
            FunctionName=f"f{n}", Runtime="python3.12", Handler="main.handler", Role=self._role,
            Code={"ZipFile": self._code},
        )  # fmt: skip
        return made["FunctionName"], made["CodeSha256"]

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("list_functions").paginate():
            yield from ((row["FunctionName"], row["CodeSha256"]) for row in page["Functions"])


class Logs(Writer):
    service = "logs"

    def prepare(self) -> None:
        self.api.create_log_group(logGroupName="/g")
        self.api.create_log_stream(logGroupName="/g", logStreamName="s")

    def write(self, n: int) -> Any:
        event = {"timestamp": 1_700_000_000_000 + n * 7 % 100, "message": f"m{n}"}
        self.api.put_log_events(logGroupName="/g", logStreamName="s", logEvents=[event])
        return f"m{n}"

    def present(self) -> Iterable[Any]:
        pages = self.api.get_paginator("filter_log_events").paginate(logGroupName="/g")
        messages = [event["message"] for page in pages for event in page["events"]]
        assert len(messages) == len(set(messages)), "an event is there twice"
        return messages


class Kms(Writer):
    service = "kms"

    def write(self, n: int) -> Any:
        key = self.api.create_key(Description=str(n))["KeyMetadata"]["KeyId"]
        self.api.create_alias(AliasName=f"alias/a{n}", TargetKeyId=key)
        return key, self.api.encrypt(KeyId=key, Plaintext=str(n).encode())["CiphertextBlob"]

    def missing(self) -> set[Any]:
        aliases = {
            alias.get("TargetKeyId")
            for page in self.api.get_paginator("list_aliases").paginate()
            for alias in page["Aliases"]
        }
        return {key for key, blob in self.acknowledged if key not in aliases or not self._reads(blob)}

    def _reads(self, blob: bytes) -> bool:
        return bool(self.api.decrypt(CiphertextBlob=blob)["Plaintext"])


class Sns(Writer):
    service = "sns"

    def write(self, n: int) -> Any:
        return self.api.create_topic(Name=f"t{n}", Tags=[{"Key": "n", "Value": str(n)}])["TopicArn"]

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("list_topics").paginate():
            yield from (topic["TopicArn"] for topic in page["Topics"])


class RestApi(Writer):
    service = "apigateway"

    def write(self, n: int) -> Any:
        made = self.api.create_rest_api(name=f"a{n}")
        self.api.create_resource(restApiId=made["id"], parentId=made["rootResourceId"], pathPart="p")
        return made["id"]

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("get_rest_apis").paginate():
            for api in page["items"]:
                if "/p" in {row["path"] for row in self.api.get_resources(restApiId=api["id"])["items"]}:
                    yield api["id"]


class HttpApi(Writer):
    service = "apigatewayv2"

    def write(self, n: int) -> Any:
        return self.api.create_api(Name=f"h{n}", ProtocolType="HTTP")["ApiId"]

    def present(self) -> Iterable[Any]:
        return [api["ApiId"] for api in self.api.get_apis(MaxResults="1000")["Items"]]


class Secrets(Writer):
    service = "secretsmanager"

    def write(self, n: int) -> Any:
        return self.api.create_secret(Name=f"s{n}", SecretString=str(n))["ARN"]

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("list_secrets").paginate():
            yield from (row["ARN"] for row in page["SecretList"])


class Parameters(Writer):
    service = "ssm"

    def write(self, n: int) -> Any:
        self.api.put_parameter(Name=f"/p/{n}", Value=str(n), Type="String")
        return f"/p/{n}"

    def present(self) -> Iterable[Any]:
        for page in self.api.get_paginator("get_parameters_by_path").paginate(Path="/p"):
            yield from (row["Name"] for row in page["Parameters"])


class Sessions(Writer):
    service = "sts"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._iam = client("iam")
        self._client: Any = client

    def prepare(self) -> None:
        account = self.api.get_caller_identity()["Account"]
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
        made = self._iam.create_role(RoleName="assumed", AssumeRolePolicyDocument=json.dumps(trust))
        self._role = made["Role"]["Arn"]

    def write(self, n: int) -> Any:
        given = self.api.assume_role(RoleArn=self._role, RoleSessionName=f"s{n}")["Credentials"]
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]

    def missing(self) -> set[Any]:
        return {key for key, secret, token in self.acknowledged if not self._accepted(key, secret, token)}

    def _accepted(self, key: str, secret: str, token: str) -> bool:
        session = self._client("sts", aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)
        return ":assumed-role/assumed/" in session.get_caller_identity()["Arn"]


ALL: tuple[type[Writer], ...] = (
    Sqs, S3, DynamoDb, Iam, Ec2, Lambda, Logs, Kms, Sns, RestApi, HttpApi, Secrets, Parameters, Sessions,
)  # fmt: skip
