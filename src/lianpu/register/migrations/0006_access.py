import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_accounts(apps, schema_editor):
    """An account for every user who is there already."""
    account = apps.get_model("register", "Account")
    users = apps.get_model(*settings.AUTH_USER_MODEL.split(".")).objects.values_list("pk", flat=True)
    account.objects.bulk_create([account(user_id=user) for user in users])


class Migration(migrations.Migration):
    dependencies = [("register", "0005_lists"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True, verbose_name="时间")),
                ("username", models.CharField(db_index=True, max_length=150, verbose_name="用户名")),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("signed-in", "登录"),
                            ("failed", "登录失败"),
                            ("locked", "锁定"),
                            ("signed-out", "退出"),
                            ("timed-out", "超时退出"),
                            ("created", "新建账号"),
                            ("password-changed", "修改密码"),
                            ("password-reset", "重置密码"),
                            ("second-step-on", "开启两步验证"),
                            ("second-step-off", "关闭两步验证"),
                            ("granted", "授权"),
                            ("revoked", "收回授权"),
                            ("role-changed", "修改角色"),
                            ("unlocked", "解锁"),
                            ("disabled", "停用"),
                            ("enabled", "启用"),
                            ("sessions-ended", "强制退出"),
                        ],
                        max_length=20,
                        verbose_name="事项",
                    ),
                ),
                ("by", models.CharField(blank=True, max_length=150, verbose_name="操作人")),
                ("address", models.CharField(blank=True, max_length=45, verbose_name="来源地址")),
                ("detail", models.CharField(blank=True, max_length=300, verbose_name="详情")),
            ],
            options={"verbose_name": "账号记录", "verbose_name_plural": "账号记录", "ordering": ["-pk"]},
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation", models.CharField(blank=True, max_length=120, verbose_name="单位")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                ("must_change_password", models.BooleanField(default=False, verbose_name="须改密码")),
                ("password_at", models.DateTimeField(blank=True, null=True, verbose_name="密码更改于")),
                ("is_sample", models.BooleanField(default=False, verbose_name="示例")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="account",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="用户名",
                    ),
                ),
            ],
            options={"verbose_name": "账号", "verbose_name_plural": "账号"},
        ),
        migrations.CreateModel(
            name="PastPassword",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("encoded", models.CharField(max_length=128)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_passwords",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "用过的密码", "verbose_name_plural": "用过的密码", "ordering": ["-pk"]},
        ),
        migrations.RunPython(keep_accounts, migrations.RunPython.noop),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="用途")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("start", models.CharField(max_length=8, verbose_name="开头")),
                ("is_readonly", models.BooleanField(default=False, verbose_name="只读")),
                ("registers", models.JSONField(blank=True, default=list, verbose_name="限于登记簿")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="生成时间")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="有效期至")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="最近使用")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="撤销时间")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="用户",
                    ),
                ),
            ],
            options={"verbose_name": "接口令牌", "verbose_name_plural": "接口令牌", "ordering": ("-pk",)},
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200)),
                ("asked", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.TextField(default="")),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "接口答复",
                "verbose_name_plural": "接口答复",
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="register_answer_once")],
            },
        ),
    ]
