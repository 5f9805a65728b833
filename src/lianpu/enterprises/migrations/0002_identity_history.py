import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="EnterpriseMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old_id", models.BigIntegerField(unique=True, verbose_name="原编号")),
                ("old_uscc", models.CharField(max_length=18, unique=True, verbose_name="原代码")),
                ("old_name", models.CharField(max_length=200, verbose_name="原名称")),
                ("act", models.BigIntegerField(verbose_name="事项")),
                ("by", models.CharField(max_length=150, verbose_name="何人")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("why", models.TextField(blank=True, verbose_name="为何")),
                (
                    "into",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merged",
                        to="enterprises.enterprise",
                        verbose_name="并入",
                    ),
                ),
            ],
            options={"verbose_name": "企业合并", "verbose_name_plural": "企业合并", "ordering": ("-pk",)},
        ),
    ]
