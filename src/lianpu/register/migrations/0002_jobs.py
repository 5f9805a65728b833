import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0001_initial"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Tick",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="名称")),
                ("worker", models.CharField(default="", max_length=120, verbose_name="运行器")),
                ("begun_at", models.DateTimeField(null=True, verbose_name="上次开始")),
                ("error", models.TextField(default="", verbose_name="上次差错")),
            ],
            options={"verbose_name": "定时事务", "verbose_name_plural": "定时事务"},
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                ("title", models.CharField(max_length=200, verbose_name="标题")),
                ("by", models.CharField(max_length=150, verbose_name="经办人")),
                ("language", models.CharField(max_length=10, verbose_name="语言")),
                ("arguments", models.JSONField(default=dict, verbose_name="参数")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "排队"),
                            ("running", "进行中"),
                            ("done", "完成"),
                            ("failed", "失败"),
                            ("cancelled", "已取消"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("done", models.PositiveBigIntegerField(default=0, verbose_name="已完成")),
                ("total", models.PositiveBigIntegerField(default=0, verbose_name="总数")),
                ("words", models.CharField(default="", max_length=200, verbose_name="阶段")),
                ("log", models.TextField(default="", verbose_name="日志")),
                ("result", models.JSONField(default=dict, verbose_name="结果")),
                ("error", models.TextField(default="", verbose_name="原因")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="次数")),
                ("worker", models.CharField(default="", max_length=120, verbose_name="运行器")),
                ("seen", models.BooleanField(default=False, verbose_name="已阅")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="提交时间")),
                ("started_at", models.DateTimeField(null=True, verbose_name="开始时间")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "任务",
                "verbose_name_plural": "任务",
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("waiting", "running"))),
                        fields=["id"],
                        name="register_job_open",
                    ),
                    models.Index(fields=["user", "-id"], name="register_job_own"),
                ],
            },
        ),
    ]
