"""`rewards new`"""
import typer
new = typer.Typer()
@new.command("x")
def x() -> None:
    """X"""
