"""What Bedrock and the steps of a run may do, statement by statement."""

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.findings import accept_resources
from infra.job.data import OUTPUT, DataObject, RftData
from rewards.job.config import JobSettings

#: The permissions of one step.
Statements = Sequence[iam.PolicyStatement]


def service_role(
    scope: Construct, id: str, *, data: RftData, function_arn: str, job: JobSettings
) -> iam.Role:
    """The role that Bedrock takes on to train: its data, its outputs, and the reward's version.

    Bedrock may take it on for customization jobs of this account and region only (confused
    deputy). The statements are those of the user guide's pages on RFT access and security.
    """
    stack = Stack.of(scope)
    jobs = f"arn:{stack.partition}:bedrock:{stack.region}:{stack.account}:model-customization-job/*"
    role = iam.Role(
        scope,
        id,
        assumed_by=iam.ServicePrincipal(
            "bedrock.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": jobs},
            },
        ),
        description="What Bedrock may do for an RFT job",
    )
    sources = [data.train, *data.validation]
    output = data.bucket.bucket_arn
    statements = [
        _allow(["s3:GetObject"], [source.arn for source in sources]),
        _allow(["s3:ListBucket"], [*dict.fromkeys(s.bucket_arn for s in sources), output]),
        _allow(["s3:GetObject", "s3:PutObject"], [f"{output}/{OUTPUT}*"]),
        _allow(["lambda:InvokeFunction"], [function_arn]),
    ]
    if job.kms_key:
        via = {"StringEquals": {"kms:ViaService": f"bedrock.{stack.region}.amazonaws.com"}}
        actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        statements.append(_allow(actions, [job.kms_key], via))
    if job.vpc:
        statements += _vpc_statements(stack, jobs, job.vpc.subnet_ids, job.vpc.security_group_ids)
    for statement in statements:
        role.add_to_policy(statement)
    accept_resources(
        role,
        [f"{output}/{OUTPUT}*"],
        "Bedrock names the objects of a job's output itself, below this one key.",
    )
    if job.vpc:
        accept_resources(
            role,
            ["*", f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:network-interface/*"],
            "Bedrock makes the interfaces and names them; its own tags, checked by conditions, "
            "are what bounds it, and EC2 offers no resources for its Describe calls.",
        )
    return role


def _vpc_statements(
    stack: Stack, jobs: str, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> list[iam.PolicyStatement]:
    """Network interfaces in the job's subnets, which only Bedrock's own tag lets it touch."""
    ec2 = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    interfaces = f"{ec2}:network-interface/*"
    places = [f"{ec2}:subnet/{subnet}" for subnet in subnet_ids]
    places += [f"{ec2}:security-group/{group}" for group in security_group_ids]
    tagged_by_request = {
        "StringEquals": {"aws:RequestTag/BedrockManaged": "true"},
        "ArnLike": {"aws:RequestTag/BedrockModelCustomizationJobArn": jobs},
    }
    tagged = {
        "StringEquals": {"aws:ResourceTag/BedrockManaged": "true"},
        "ArnLike": {"aws:ResourceTag/BedrockModelCustomizationJobArn": jobs},
    }
    at_creation = {
        "StringEquals": {"ec2:CreateAction": ["CreateNetworkInterface"]},
        "ForAllValues:StringEquals": {
            "aws:TagKeys": ["BedrockManaged", "BedrockModelCustomizationJobArn"]
        },
    }
    describe = [
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ]
    change = ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
    change.append("ec2:DeleteNetworkInterfacePermission")
    return [
        _allow(describe, ["*"]),
        _allow(["ec2:CreateNetworkInterface"], [interfaces], tagged_by_request),
        _allow(["ec2:CreateNetworkInterface"], places),
        _allow(change, [interfaces], tagged),
        _allow(["ec2:CreateTags"], [interfaces], at_creation),
    ]


def check_statements(dataset: DataObject, function_arn: str) -> list[iam.PolicyStatement]:
    """The dry run: the dataset's head, and the version that the job would call."""
    return [
        _allow(["s3:GetObject"], [dataset.arn]),
        _allow(["lambda:InvokeFunction"], [function_arn]),
    ]


def bedrock_statements(stack: Stack, base_model: str, role: iam.IRole) -> dict[str, Statements]:
    """What creating, watching and stopping a job of the Bedrock API takes."""
    bedrock = f"arn:{stack.partition}:bedrock:{stack.region}"
    jobs = f"{bedrock}:{stack.account}:model-customization-job/*"
    models = f"{bedrock}:{stack.account}:custom-model/*"
    base = (
        base_model if base_model.startswith("arn:") else f"{bedrock}::foundation-model/{base_model}"
    )
    look = _allow(["bedrock:GetModelCustomizationJob"], [jobs])
    create = [
        look,
        _allow(["bedrock:CreateModelCustomizationJob"], [base, jobs, models]),
        _allow(["bedrock:TagResource"], [jobs, models]),
        _allow(
            ["iam:PassRole"],
            [role.role_arn],
            {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        ),
    ]
    stop = [look, _allow(["bedrock:StopModelCustomizationJob"], [jobs])]
    return {"create": create, "watch": [look], "stop": stop}


def mantle_statements(
    stack: Stack, dataset: DataObject, function_arn: str
) -> dict[str, Statements]:
    """The same for the OpenAI-compatible API.

    It takes no service role: whoever creates the job needs to be allowed to call the reward.
    A bearer token is no resource that a policy could name.
    """
    projects = f"arn:{stack.partition}:bedrock-mantle:{stack.region}:{stack.account}:project/*"
    look = [
        _allow(["bedrock:CallWithBearerToken", "bedrock-mantle:CallWithBearerToken"], ["*"]),
        _allow(
            [
                "bedrock-mantle:GetFineTuningJob",
                "bedrock-mantle:ListFiles",
                "bedrock-mantle:ListFineTuningJobs",
            ],
            [projects],
        ),
    ]
    create = [
        *look,
        _allow(
            [
                "bedrock-mantle:CreateCustomizedModel",
                "bedrock-mantle:CreateFile",
                "bedrock-mantle:CreateFineTuningJob",
            ],
            [projects],
        ),
        _allow(["s3:GetObject"], [dataset.arn]),
        _allow(["lambda:InvokeFunction"], [function_arn]),
    ]
    stop = [*look, _allow(["bedrock-mantle:CancelFineTuningJob"], [projects])]
    return {"create": create, "watch": look, "stop": stop}


def _allow(
    actions: list[str], resources: list[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
