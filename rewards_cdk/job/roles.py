"""What Bedrock and the steps of a run may do, statement by statement.

Where a statement names something of the deployment's that the next deployment replaces (a version
of the reward, a dataset of the bucket), it names all of its kind: a run that has begun goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from rewards.job.definition import DATASETS, OUTPUT
from rewards.job.settings import JobSettings
from rewards_cdk.job.data import DataObject, RftData
from rewards_cdk.permissions import Allowed, allow, pinned_role, roles_of

#: The permissions of each step.
Steps = Mapping[str, Sequence[Allowed]]

_IDS_REASON = (
    "Jobs, models and projects get their ids from Bedrock when a run creates them, and a bearer "
    "token is no resource that a policy could name; the actions are listed one by one."
)
_VERSIONS_REASON = (
    "Every version of this one function: a run goes on calling the version that was the newest "
    "when it began, whatever has been deployed since."
)
_ROLES_REASON = (
    "Every role of this one deployment: a run that began before a deployment passes the role of "
    "its own definition. Only Bedrock can be given one."
)
_DATASETS_REASON = (
    "Every dataset of this one deployment, each under the hash of its content: a job may still "
    "read the one that it was started with."
)
_OUTPUT_REASON = "Bedrock names the objects of a job's output itself, below this one key."
_EC2_REASON = (
    "Bedrock makes the interfaces and names them; its own tags, checked by conditions, are what "
    "bounds it, and EC2 offers no resources for its Describe calls."
)


@dataclass(frozen=True, slots=True)
class Places:
    """What the statements are about: a stack, its deployment's name, its data, its reward."""

    stack: Stack
    owner: str
    data: RftData
    function_arn: str

    @property
    def bedrock(self) -> str:
        """The beginning of the ARN of everything of Bedrock's that is this account's."""
        return f"arn:{self.stack.partition}:bedrock:{self.stack.region}:{self.stack.account}"

    @property
    def jobs(self) -> str:
        """Every customization job of the account."""
        return f"{self.bedrock}:model-customization-job/*"

    @property
    def datasets(self) -> str:
        """Every dataset of the deployment's own bucket."""
        return f"{self.data.bucket.bucket_arn}/{DATASETS}*"

    def use_data_key(self, *actions: str) -> list[Allowed]:
        """Use the key of the data by way of S3, where it has one."""
        if not self.data.kms_key:
            return []
        via = {"StringEquals": {"kms:ViaService": f"s3.{self.stack.region}.amazonaws.com"}}
        return [allow(actions, [self.data.kms_key], via)]

    def call_reward(self) -> Allowed:
        """Call a version of the reward."""
        versions = [f"{self.function_arn}:*"]
        return allow(["lambda:InvokeFunction"], versions, because=_VERSIONS_REASON)


def service_role(scope: Construct, id: str, *, places: Places, job: JobSettings) -> iam.Role:
    """The role that Bedrock takes on to train: its data, its outputs, and the reward.

    Bedrock may take it on for customization jobs of this account and region only (confused
    deputy). The statements are those of the user guide's pages on RFT access and security.
    """
    stack, data = places.stack, places.data
    output = f"{data.bucket.bucket_arn}/{OUTPUT}*"
    foreign = [source for source in data.all if not source.is_own]
    buckets = dict.fromkeys([data.bucket.bucket_arn, *(source.bucket_arn for source in foreign)])
    allowed = [
        allow(["s3:ListBucket"], list(buckets)),
        allow(["s3:GetObject"], [places.datasets], because=_DATASETS_REASON),
        allow(["s3:GetObject", "s3:PutObject"], [output], because=_OUTPUT_REASON),
        places.call_reward(),
    ]
    if foreign:
        allowed.append(allow(["s3:GetObject"], [source.source_arn for source in foreign]))
    allowed += places.use_data_key("kms:Decrypt", "kms:GenerateDataKey")
    if job.kms_key:
        via = {"StringEquals": {"kms:ViaService": f"bedrock.{stack.region}.amazonaws.com"}}
        actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        allowed.append(allow(actions, [job.kms_key], via))
    if job.vpc:
        allowed += _vpc(places, job.vpc.subnet_ids, job.vpc.security_group_ids)
    conditions = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": places.jobs},
    }
    return pinned_role(
        scope,
        id,
        owner=places.owner,
        principal=iam.ServicePrincipal("bedrock.amazonaws.com", conditions=conditions),
        description="What Bedrock may do for an RFT job",
        allowed=allowed,
    )


def _vpc(
    places: Places, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[Allowed]:
    """Network interfaces in the job's subnets, which only Bedrock's own tag lets it touch."""
    stack = places.stack
    ec2 = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    interfaces = [f"{ec2}:network-interface/*"]
    inside = [f"{ec2}:subnet/{subnet}" for subnet in subnet_ids]
    inside += [f"{ec2}:security-group/{group}" for group in security_group_ids]

    def tagged(where: str) -> dict[str, object]:
        return {
            "StringEquals": {f"aws:{where}Tag/BedrockManaged": "true"},
            "ArnLike": {f"aws:{where}Tag/BedrockModelCustomizationJobArn": places.jobs},
        }

    at_creation = {
        "StringEquals": {"ec2:CreateAction": ["CreateNetworkInterface"]},
        "ForAllValues:StringEquals": {
            "aws:TagKeys": ["BedrockManaged", "BedrockModelCustomizationJobArn"]
        },
    }
    kinds = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    change = ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
    change.append("ec2:DeleteNetworkInterfacePermission")
    create = ["ec2:CreateNetworkInterface"]
    return [
        allow([f"ec2:Describe{kind}" for kind in kinds], ["*"], because=_EC2_REASON),
        allow(create, interfaces, tagged("Request"), because=_EC2_REASON),
        allow(create, inside),
        allow(change, interfaces, tagged("Resource"), because=_EC2_REASON),
        allow(["ec2:CreateTags"], interfaces, at_creation, because=_EC2_REASON),
    ]


def check_statements(places: Places) -> list[Allowed]:
    """All datasets, to be read, and the version that the job would call."""
    return [
        _read_sources(places.data.all),
        *places.use_data_key("kms:Decrypt"),
        places.call_reward(),
    ]


def nova_statements(places: Places, base_model: str) -> Steps:
    """What creating, watching and stopping a job of the Bedrock API takes."""
    stack = places.stack
    models = f"{places.bedrock}:custom-model/*"
    base = base_model
    if "." not in base:  # a custom model's name, whose ARN nobody knows
        base = models
    elif not base.startswith("arn:"):
        base = f"arn:{stack.partition}:bedrock:{stack.region}::foundation-model/{base_model}"
    look = allow(["bedrock:GetModelCustomizationJob"], [places.jobs], because=_IDS_REASON)
    create = [
        look,
        allow(["bedrock:CreateModelCustomizationJob"], [base], because=_IDS_REASON),
        allow(
            ["bedrock:CreateModelCustomizationJob", "bedrock:TagResource"],
            [places.jobs, models],
            because=_IDS_REASON,
        ),
        # Whose job it is that a run is to watch.
        allow(["bedrock:ListTagsForResource"], [places.jobs], because=_IDS_REASON),
        allow(
            ["iam:PassRole"],
            [roles_of(places.stack, places.owner)],
            {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
            because=_ROLES_REASON,
        ),
        *_copy_datasets(places),
    ]
    stop = [
        look,
        allow(["bedrock:StopModelCustomizationJob"], [places.jobs], because=_IDS_REASON),
    ]
    return {"create": create, "watch": [look], "stop": stop}


def _copy_datasets(places: Places) -> list[Allowed]:
    """From where the deployment put them to where the job finds them, once."""
    own = [source for source in places.data.all if source.is_own]
    if not own:
        return []
    return [
        _read_sources(own),
        *places.use_data_key("kms:Decrypt", "kms:GenerateDataKey"),
        # Without the list, S3 says of an object that is not there that it may not be read.
        allow(["s3:ListBucket"], [places.data.bucket.bucket_arn]),
        allow(["s3:GetObject", "s3:PutObject"], [places.datasets], because=_DATASETS_REASON),
    ]


def _read_sources(sources: Sequence[DataObject]) -> Allowed:
    return allow(["s3:GetObject"], [source.source_arn for source in sources])


def open_weight_statements(places: Places) -> Steps:
    """The same for the OpenAI-compatible API.

    It takes no service role: whoever creates the job needs to be allowed to call the reward.
    A bearer token is no resource that a policy could name.
    """
    stack = places.stack
    projects = [f"arn:{stack.partition}:bedrock-mantle:{stack.region}:{stack.account}:project/*"]

    def on_projects(*names: str) -> Allowed:
        actions = [f"bedrock-mantle:{name}" for name in names]
        return allow(actions, projects, because=_IDS_REASON)

    token = ["bedrock:CallWithBearerToken", "bedrock-mantle:CallWithBearerToken"]
    look = [
        allow(token, ["*"], because=_IDS_REASON),
        on_projects("GetFineTuningJob", "ListFiles", "ListFineTuningJobs"),
    ]
    create = [
        *look,
        on_projects("CreateCustomizedModel", "CreateFile", "CreateFineTuningJob"),
        _read_sources([places.data.train]),
        *places.use_data_key("kms:Decrypt"),
        places.call_reward(),
    ]
    return {
        "create": create,
        "watch": look,
        "stop": [*look, on_projects("CancelFineTuningJob")],
    }
