from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0002_jobs")]
    operations = [
        migrations.AddField("actor", "act", models.BigIntegerField(null=True)),
        migrations.AddField("change", "act", models.BigIntegerField(null=True, verbose_name="事项")),
        migrations.AddIndex(
            "change",
            models.Index(condition=models.Q(("act__isnull", False)), fields=["act"], name="register_change_act"),
        ),
        migrations.AddIndex("change", models.Index(fields=["user", "id"], name="register_change_user")),
        migrations.AddIndex("change", models.Index(fields=["model", "id", "row"], name="register_change_since")),
        migrations.AddIndex(
            "change",
            models.Index(condition=models.Q(("action", "delete")), fields=["model", "id"], name="register_change_gone"),
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("last", models.BigIntegerField(unique=True, verbose_name="至记录")),
                ("count", models.PositiveIntegerField(verbose_name="记录数")),
                ("prints", models.BinaryField(verbose_name="逐条指纹")),
                ("previous", models.CharField(max_length=64, verbose_name="前一链值")),
                ("hash", models.CharField(max_length=64, verbose_name="链值")),
                ("at", models.DateTimeField(verbose_name="时间")),
            ],
            options={"verbose_name": "封存", "verbose_name_plural": "封存", "ordering": ("pk",)},
        ),
    ]
