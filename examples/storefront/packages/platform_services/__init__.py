"""What the platform team gives to every program: image repositories, code repositories, monitors."""
