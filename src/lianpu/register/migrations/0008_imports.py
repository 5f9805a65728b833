import django.db.models.deletion
from django.db import migrations, models


def written_when_sent(apps, schema_editor):
    """Runs of before were all written, at the moment they were sent."""
    runs = apps.get_model("register", "ImportRun").objects.all()
    runs.update(committed_at=models.F("at"))


class Migration(migrations.Migration):
    dependencies = [("register", "0007_notes")]
    operations = [
        migrations.AddField(
            model_name="importrun",
            name="asked",
            field=models.PositiveIntegerField(default=0, verbose_name="待确认"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="committed_at",
            field=models.DateTimeField(null=True, verbose_name="写入时间"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="duplicate",
            field=models.PositiveIntegerField(default=0, verbose_name="重复"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="fingerprint",
            field=models.CharField(blank=True, max_length=64, verbose_name="预览指纹"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="folder",
            field=models.CharField(blank=True, max_length=400, verbose_name="存放处"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="hidden",
            field=models.BooleanField(null=True, verbose_name="采用隐藏的行列"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="job",
            field=models.BigIntegerField(null=True, verbose_name="作业"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="kept",
            field=models.JSONField(default=list, verbose_name="撤销时保留的行"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="mapping",
            field=models.JSONField(default=dict, verbose_name="列对应"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="message",
            field=models.TextField(blank=True, verbose_name="说明"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="reason",
            field=models.TextField(blank=True, verbose_name="变更原因"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="rejected",
            field=models.JSONField(default=list, verbose_name="不采用的更正"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="sender",
            field=models.CharField(blank=True, max_length=100, verbose_name="报送单位"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="sheet",
            field=models.CharField(blank=True, max_length=100, verbose_name="工作表"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "已上传"),
                    ("previewed", "待写入"),
                    ("committed", "已写入"),
                    ("refused", "未受理"),
                    ("failed", "未完成"),
                    ("discarded", "已放弃"),
                    ("undone", "已撤销"),
                ],
                default="committed",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.AddField(
            model_name="importrun",
            name="summary",
            field=models.JSONField(default=dict, verbose_name="概要"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undo_reason",
            field=models.TextField(blank=True, verbose_name="撤销原因"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undone",
            field=models.PositiveIntegerField(default=0, verbose_name="已撤销的改动"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undone_at",
            field=models.DateTimeField(null=True, verbose_name="撤销时间"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undone_by",
            field=models.CharField(blank=True, max_length=150, verbose_name="撤销人"),
        ),
        migrations.AddField(
            model_name="importrun",
            name="unreverted",
            field=models.PositiveIntegerField(default=0, verbose_name="未撤销的改动"),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="file_hash",
            field=models.CharField(db_index=True, max_length=64, verbose_name="文件指纹"),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="mode",
            field=models.CharField(blank=True, max_length=20, verbose_name="方式"),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="result_file",
            field=models.CharField(blank=True, max_length=400, verbose_name="结果文件"),
        ),
        migrations.CreateModel(
            name="ImportFolder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=400, verbose_name="文件夹")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("pattern", models.CharField(default="*", max_length=100, verbose_name="文件名样式")),
                ("sender", models.CharField(blank=True, max_length=100, verbose_name="报送单位")),
                ("mode", models.CharField(max_length=20, verbose_name="方式")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="登记时间")),
                ("looked_at", models.DateTimeField(null=True, verbose_name="上次查看")),
                ("message", models.TextField(blank=True, verbose_name="上次结果")),
            ],
            options={
                "verbose_name": "自动导入文件夹",
                "verbose_name_plural": "自动导入文件夹",
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("path", "register", "pattern"), name="register_import_folder_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="importrun",
            name="source",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="register.importfolder",
                verbose_name="自动导入文件夹",
            ),
        ),
        migrations.CreateModel(
            name="SenderMap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("sender", models.CharField(max_length=100, verbose_name="报送单位")),
                ("heads", models.CharField(max_length=64, verbose_name="表头指纹")),
                ("mapping", models.JSONField(default=dict, verbose_name="列对应")),
                ("hidden", models.BooleanField(null=True, verbose_name="采用隐藏的行列")),
                ("by", models.CharField(max_length=150, verbose_name="经办人")),
                ("at", models.DateTimeField(auto_now=True, verbose_name="时间")),
            ],
            options={
                "verbose_name": "报送单位的列对应",
                "verbose_name_plural": "报送单位的列对应",
                "constraints": [
                    models.UniqueConstraint(fields=("register", "sender", "heads"), name="register_sender_map_once")
                ],
            },
        ),
        migrations.AlterField(
            model_name="importrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "已上传"),
                    ("previewed", "待写入"),
                    ("committed", "已写入"),
                    ("refused", "未受理"),
                    ("failed", "未完成"),
                    ("discarded", "已放弃"),
                    ("undone", "已撤销"),
                ],
                default="uploaded",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.CreateModel(
            name="MatchDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("column", models.CharField(max_length=60, verbose_name="列")),
                ("text", models.CharField(max_length=200, verbose_name="文字")),
                ("text_key", models.CharField(max_length=200, verbose_name="文字检索键")),
                ("target_register", models.CharField(max_length=60, verbose_name="所指登记簿")),
                (
                    "target",
                    models.BigIntegerField(
                        blank=True, help_text="空白：登记簿中没有这一行", null=True, verbose_name="所指行号"
                    ),
                ),
                ("by", models.CharField(max_length=150, verbose_name="判定人")),
                ("reason", models.TextField(blank=True, verbose_name="理由")),
                ("at", models.DateTimeField(auto_now=True, verbose_name="时间")),
            ],
            options={
                "verbose_name": "认定记录",
                "verbose_name_plural": "认定记录",
                "ordering": ("-pk",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("register", "column", "text_key"), name="register_match_decision_once"
                    )
                ],
                "indexes": [models.Index(fields=["target_register", "text_key"], name="register_match_target")],
            },
        ),
        migrations.RunPython(written_when_sent, migrations.RunPython.noop),
    ]
